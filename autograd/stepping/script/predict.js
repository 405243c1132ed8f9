// Predicting: a number that is asked for, an answer that is judged, a score that is kept on the page alone.
function predicting(walk) {
  const { data, root, find, make, button, written, held, near, moves } = walk;
  const revealed = new Set(), score = new Map();
  const now = () => walk.step();
  // Which of a backward step's numbers is asked for: 2 the product, 1 the local derivative, 0 the upstream gradient.
  const level = () => Number(find(".level").value);
  const key = () => (now().box ? now().box : now().e + " " + level());
  const on = () => find(".predict").checked;
  const asking = () => on() && !walk.printing && now() && !revealed.has(key()) && !(now().box && !now().formula);
  const result = () => score.get(key()) ?? score.set(key(), { tries: 0, end: "" }).get(key());

  function question() {
    const form = make("form"), input = make("input"), show = make("button", T("predict.show"));
    input.setAttribute("aria-label", T("predict.answer"));
    input.autocomplete = "off";
    show.type = "button";
    form.append(input, " ", show);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const answer = input.value.trim().replace(/[−–]/, "-").replace(",", ".");
      if (answer === "" || Number.isNaN(Number(answer))) return tell("wrong", T("predict.number"));
      judge(Number(answer), unitOf(answer));
    });
    show.addEventListener("click", () => reveal("shown", "", reason()));
    return form;
  }
  function reveal(end, kind, text) {
    result().end = end;
    revealed.add(key());
    walk.render();
    tell(kind, text);
    [...root.querySelectorAll("[data-go]:not(:disabled)")].sort((a, b) => (b.dataset.go === "next") - (a.dataset.go === "next"))[0].focus();
  }
  const tell = (kind, text) => {
    const said = find(".said");
    said.className = "said " + kind;
    said.textContent = text;
  };
  // What the last digit given stands for; an answer is right to its digits if it is the truth, rounded there, with a digit of the truth left.
  const unitOf = (text) => {
    const [digits, power] = text.toLowerCase().split("e");
    return 10 ** (Number(power ?? 0) - (digits.split(".")[1] ?? "").length);
  };
  const says = (x, unit, truth) => near(x, truth) || x !== 0 && truth !== null && unit <= 10 ** Math.floor(Math.log10(Math.abs(truth))) * 1.000001 && Math.abs(x - truth) <= unit * 0.500001;
  // What follows from the numbers in view when they are rounded first, as by hand: those numbers and their result, or nothing.
  function fromRounded(step, answer, unit) {
    const work = { multiply: (x, y) => x * y, add: (x, y) => x + y, subtract: (x, y) => x - y, divide: (x, y) => x / y }[step.box ? step.op : "multiply"];
    const [x, y] = step.box ? step.operands : step.exact;
    if (!work || (!step.box && level() !== 2) || ![x, y].every(Number.isFinite)) return null;
    const ways = [1, 2, 3, 4, 5].flatMap((n) => [(z) => Number(z.toPrecision(n)), (z) => Number(z.toFixed(n))]);
    return ways.map((round) => [round(x), round(y)]).find(([a, b]) => answer && says(answer, unit, work(a, b)) && Math.abs(answer - work(x, y)) <= 0.1 * Math.abs(work(x, y))) ?? null;
  }
  const productOf = (step) => `${step.u} × ${held(step.l)}`;
  const reason = () => {
    const step = now();
    if (step.box) return T("about.computed", step);
    return [
      () => T("reason.upstream", { moves: moves(data.output, step.from, step.u, step.exact[0]), u: step.u }),
      () => [step.law, step.figures, step.l].filter(Boolean).join(" = "),
      () => `${productOf(step)} = ${step.c}`,
    ][level()]();
  };
  function judge(answer, unit) {
    const step = now(), truth = step.box ? step.exact : step.exact[level()], x = written(answer);
    result().tries += 1;
    // Another number of the step is no rounding, even where it would do for one.
    const others = step.box ? step.operands : [...step.exact.filter((_, i) => i !== level()), step.own];
    const taken = !near(answer, truth) && others.includes(answer);
    if (!taken && says(answer, unit, truth)) return reveal("right", "right", T(near(answer, truth) ? "predict.right" : "predict.digits", { reason: reason() }));
    const approximate = fromRounded(step, answer, unit);
    if (approximate && !taken) {
      const [a, b] = approximate.map((y) => held(written(y)));
      return reveal("right", "right", T("predict.rounded", { a, b, reason: reason() }));
    }
    if (truth !== null && (near(answer, -truth) || (!taken && says(answer, unit, -truth)))) return tell("wrong", T("predict.sign", { x }));
    tell("wrong", T("predict.not", { x, why: (step.box ? wrongForward : [wrongUpstream, wrongLocal, wrongProduct][level()])(step, answer) }));
  }
  function wrongForward(step, answer) {
    const [x, y] = step.operands;
    if (step.op === "multiply" && near(answer, x + y)) return T("wrong.sum");
    if (step.op === "add" && near(answer, x * y)) return T("wrong.product");
    return T("wrong.work", step);
  }
  const slots = (step, more = {}) => ({ from: step.from, to: step.to, output: data.output, u: step.u, l: step.l, law: step.law, product: productOf(step), ...more });
  function wrongUpstream(step, answer) {
    const [, l, c] = step.exact;
    if (near(answer, l)) return T("up.local", slots(step));
    if (near(answer, c)) return T("up.product", slots(step));
    return T(step.since ? "up.table.since" : "up.table", slots(step, { n: String(step.since) }));
  }
  function wrongLocal(step, answer) {
    const [u, , c] = step.exact;
    if (near(answer, u)) return T("local.upstream", slots(step));
    if (near(answer, c)) return T("local.product", slots(step));
    return T(step.own !== null && near(answer, step.own) ? "local.own" : "local.law", slots(step));
  }
  function wrongProduct(step, answer) {
    const [u, l, , after] = step.exact;
    if (u !== null && l !== null) {
      if (near(answer, u)) return T("wrong.upstream", { moves: moves(step.from, step.to, step.l, l) });
      if (near(answer, l)) return T("wrong.local", slots(step));
      if (near(answer, u + l)) return T("wrong.added", slots(step));
      if (near(answer, after)) return T("wrong.all", slots(step));
      if (l && near(answer, u / l)) return T("wrong.quotient", slots(step));
      if (step.own !== null && near(answer, u * step.own)) return T("wrong.own", slots(step));
    }
    return T("wrong.multiply", slots(step));
  }
  function total(paragraph) {
    const results = [...score.values()], count = (test) => String(results.filter(test).length);
    const said = T("score", {
      right: count(({ end }) => end === "right"),
      all: String(score.size),
      first: count(({ tries, end }) => end === "right" && tries === 1),
      shown: count(({ end }) => end === "shown"),
    });
    paragraph(make("strong", said + " "), button("", () => {
      score.clear();
      revealed.clear();
      walk.go(0);
    }, T("score.again")));
  }
  return { on, asking, level, question, total, scored: () => on() && score.size > 0 };
}
