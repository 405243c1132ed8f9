"use strict";
for (const data of JSON.parse(document.getElementById("data").textContent)) walk(data);

function walk(data) {
  const root = document.getElementById(data.prefix + "walk");
  const find = (selector, inside = root) => inside.querySelector(selector);
  const part = (id) => document.getElementById(data.prefix + id);
  const make = (tag, text = "", kind = "") => {
    const element = document.createElement(tag);
    element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };
  const shape = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const button = (kind, act, ...content) => {
    const element = make("button", "", kind);
    element.type = "button";
    element.append(...content);
    element.addEventListener("click", act);
    return element;
  };
  // Formulas are our own MathML, in which every label is escaped.
  const formula = (math) => {
    const element = make("span");
    element.innerHTML = [math].flat().join(" = ");
    return element;
  };
  const slider = find(".slider"), where = find(".where"), box = find(".step"), picture = find(".picture");
  const last = data.steps.length;
  let at = data.at, path = new Set(), printing = false;
  const revealed = new Set();

  // The orders of the steps; the engine's own goes depth first.
  const orders = { depth: data.steps, layer: null };
  if (data.layers.length) orders.layer = [...data.steps.filter((step) => step.box), ...data.layers.map(({ i, sum, ...other }) => {
    const step = data.steps[i];
    return { ...step, ...other, exact: [...step.exact.slice(0, 3), sum] };
  })];
  let order = "depth";
  // When each thing is known: the number of the first position at which it is.
  const known = {}, flown = {}, sums = {}, places = {}, never = Infinity;
  function number() {
    for (const id in sums) delete sums[id];
    data.steps.forEach((step, i) => {
      if (step.box) known[step.box] = i + 1;
      else {
        places[step.e] = flown[step.e] = i + 1;
        (sums[step.tail] ||= []).push([i + 1, step.after]);
      }
    });
  }
  number();
  const turn = data.steps.reduce((end, step, i) => (step.box ? i + 1 : end), 0);
  for (const [id, tail, head, kind, source] of data.links) {
    if (kind === "constant") known[tail] = 0;
    if (kind === "stub") known[tail] = known[source] ?? 0;
    if (head[0] === "o") known[head] = flown[id] = turn;
  }
  const output = data.nodes.find((node) => node.output);
  const nodes = Object.fromEntries(data.nodes.map((node) => [node.id, node]));

  // Numbers.
  const minus = (text) => text.replace("-", "−");
  const written = (x) => {
    if (x === 0 || Math.abs(x) < 1e-300) return "0";
    if (Math.abs(x) === Infinity) return x < 0 ? "−∞" : "∞";
    const text = String(Number(x.toPrecision(6)));
    const [digits, power] = text.split("e");
    return minus(digits) + (power ? "·10" + [...String(Number(power))].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] || "⁻").join("") : "");
  };
  const signed = (x) => (x < 0 ? written(x) : "+" + written(x));
  const held = (text) => (text.startsWith("−") ? `(${text})` : text);
  const near = (x, y) => y !== null && y !== undefined && Math.abs(x - y) <= 0.005 * Math.abs(y) + 1e-12;
  const times = (factor, exact) =>
    exact === 1 ? "exactly as much as" : exact === -1 ? "exactly as much, but the other way, as"
    : exact === 0 ? "not at all with" : exact < 0 ? factor.slice(1) + " times as much, but the other way, as"
    : factor + " times as much as";

  // The picture: classes on ids, nothing else.
  const mark = (id, classes) => {
    const element = part(id);
    if (!element) return;
    const base = (element.dataset.kind ||= element.getAttribute("class"));
    const all = base + (classes ? " " + classes : "");
    if (element.getAttribute("class") !== all) element.setAttribute("class", all);
  };
  const asking = () => {
    const step = data.steps[at - 1];
    return find(".predict").checked && !printing && step && !revealed.has(questionKey()) && !(step.box && !step.formula);
  };
  // Which of a backward step's numbers is asked for: 2 the product, 1 the local derivative, 0 the upstream gradient.
  const level = () => Number(find(".level").value);
  const questionKey = () => (data.steps[at - 1].box ? data.steps[at - 1].box : data.steps[at - 1].e + " " + level());
  // A node is ready when its gradient is complete and not yet handed on.
  const readyNow = () => {
    const n = at >= turn && at <= last ? data.steps[at - 1].n : 0;
    return data.nodes.filter(({ ready }) => ready.length && ready[order === "depth" ? 0 : 1][0] <= n && n < ready[order === "depth" ? 0 : 1][1]);
  };
  function paint() {
    const step = data.steps[at - 1], hidden = asking();
    for (const [id, tail, head] of data.links) {
      const path_ = path.has(id) ? " path" : "";
      const hot = step && step.e === id;
      const into = step && step.box === head;
      mark(id + "f", ((known[head] ?? never) <= at ? "on" : "") + (into ? " hot" : ""));
      mark(id + "b", ((flown[id] ?? never) <= at ? "on" : "") + (hot ? " hot" : "") + path_);
      const value = (known[tail] ?? never) <= at && !(hidden && step.box === tail);
      mark(id, (value ? "on " : "") + ((flown[id] ?? never) <= at && !(hidden && hot) ? "back" : "") + (hot ? " hot" : "") + path_);
    }
    const ready = new Set(readyNow().map((node) => node.id));
    const boxes = new Set(data.links.flatMap(([, tail, head]) => [tail, head]));
    for (const id of boxes) {
      let classes = (known[id] ?? never) <= at ? "on" : "";
      if (step && step.box === id) classes += " hot";
      if (step && step.head === id) classes += " warm";
      if (step && step.tail === id) classes += " aim";
      if (ready.has(id)) classes += " ready";
      const total = (sums[id] || []).filter(([i]) => i <= at - (hidden && step.tail === id ? 1 : 0)).pop();
      if (total) classes += " some";
      mark(id, classes);
      mark(id + "s", total ? "some" : "");
      for (const holder of [part(id), part(id + "s")]) {
        const text = total && holder && find("text.g", holder);
        if (text) text.textContent = "Σ = " + total[1] + (total[0] < sums[id].at(-1)[0] && sums[id].at(-1)[0] > at ? " …" : "");
      }
    }
    const hot = step && part(step.e || step.box);
    if (hot && picture.scrollWidth > picture.clientWidth + 4) {
      const place = hot.getBoundingClientRect(), frame = picture.getBoundingClientRect();
      picture.scrollLeft += place.left + place.width / 2 - frame.left - frame.width / 2;
    }
  }

  // The table of what is known.
  const rows = data.nodes.map((node, i) => {
    const row = make("tr"), name = make("th"), value = make("td", "", "v"), gradient = make("td", "", "g");
    name.scope = "row";
    name.append(button("", () => askGradient(node.id), node.name));
    value.append(button("", () => askValue(node.id)));
    gradient.append(button("", () => askGradient(node.id)));
    row.append(name, value, gradient);
    row.addEventListener("focusin", () => atRow(i));
    row.addEventListener("click", (event) => event.target.tagName === "BUTTON" || event.target.closest("th,td")?.firstChild.click());
    row.addEventListener("keydown", (event) => {
      const next = rows[i + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN)];
      if (!next) return;
      event.preventDefault();
      next.children[[...row.children].indexOf(event.target.parentElement)].firstChild.focus();
    });
    find(".table tbody").append(row);
    return row;
  });
  // One row is in the order of Tab.
  const atRow = (here) => rows.forEach((row, i) => {
    for (const cell of row.children) cell.firstChild.tabIndex = i === here ? 0 : -1;
  });
  function fill() {
    const step = data.steps[at - 1], hidden = asking();
    data.nodes.forEach((node, i) => {
      const mine = step && (step.box || step.tail) === node.id, [name, value, gradient] = [...rows[i].children].map((cell) => cell.firstChild);
      value.textContent = (known[node.id] ?? never) > at ? "–" : mine && step.box && hidden ? "?" : node.value;
      gradient.textContent = mine && step.tail && hidden ? "?" : soFar(node);
      name.title = value.title = gradient.title = about(node.id);
      rows[i].className = mine ? (step.box ? "now-row cool" : "now-row") : "";
      const table = find(".table");
      if (mine && table.scrollHeight > table.clientHeight) table.scrollTop = rows[i].offsetTop - table.clientHeight / 2;
    });
    atRow(Math.max(0, data.nodes.findIndex((node) => step && (step.box || step.tail) === node.id)));
  }

  // Asking: everything in the picture and in the table goes to the step it comes from, and a gradient says why.
  const ask = (position, id) => {
    if (position && position !== never) go(position);
    if (id && !find(".predict").checked) open(nodes[id]);
  };
  const askValue = (id) => ask(known[id]);
  const askGradient = (id) => ask(sums[id]?.at(-1)[0] ?? (nodes[id].output ? turn : 0), id);
  const soFar = (node) => (sums[node.id] || []).filter(([i]) => i <= at).pop()?.[1] ?? (node.output && at >= turn ? data.seed : "–");
  const about = (id) => {
    const node = nodes[id], step = data.steps[known[id] - 1], hidden = asking() && [data.steps[at - 1].box, data.steps[at - 1].tail].includes(id);
    if (hidden || known[id] > at) return `${node.name}: not yet known`;
    const computed = step && step.formula ? [...new Set([node.name, step.formula, step.numbers, node.value])].join(" = ") : `${node.name} = ${node.value}`;
    return computed + (soFar(node) === "–" ? "" : `, gradient ${soFar(node)}`);
  };
  const carried = (id, tail, head) => {
    const step = data.steps[flown[id] - 1], hidden = asking() && flown[id] === at;
    if (hidden || flown[id] > at) return `${step ? step.from : head} → ${step ? step.to : tail}: not yet known`;
    return step && step.e ? `${step.from} → ${step.to}: upstream gradient ${step.u} × local derivative ${step.l} = ${step.c}` : `${head} → ${tail}: gradient ${data.seed}`;
  };
  const things = [];
  function thing(element, position, words, act) {
    if (!element) return;
    const shown = element;
    if (shown.tagName === "text") {  // its title would be a part of its text
      element = shape("g", {});
      shown.replaceWith(element);
      element.append(shown);
    }
    const line = element.querySelector("path");
    if (line) {
      const wide = line.cloneNode();
      wide.setAttribute("class", "hit");
      element.append(wide);
    }
    const title = shape("title", {});
    element.prepend(title);
    element.classList.add("ask");
    element.dataset.kind = element.getAttribute("class");
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", -1);
    element.addEventListener("click", act);
    things.push({ element, shown, words, position, act, title });
  }
  function askable() {
    const nameOf = (id) => nodes[id]?.name ?? "";
    const stands = Object.fromEntries(data.links.flatMap(([, tail, head, kind, source]) => [[tail, kind === "stub" ? source : tail], [head, head[0] === "o" ? output?.id : head]]));
    const boxOf = (id) => (nodes[stands[id] ?? id] ? stands[id] ?? id : "");
    for (const id of new Set([...data.nodes.map((node) => node.id), ...data.links.flatMap(([, tail, head]) => [tail, head])])) {
      const node = boxOf(id);
      if (!node) continue;
      const act = () => (what.open && movable.some((leaf) => leaf.id === node) ? undefined : askGradient(node));  // it is dragged
      thing(part(id), known[node], () => about(node), act);
      if (part(id + "s")) thing(part(id + "s"), sums[node]?.at(-1)[0], () => about(node), act);
    }
    for (const [id, tail, head] of data.links) {
      const from = boxOf(tail), to = boxOf(head), words = () => carried(id, nameOf(from), nameOf(to)), back = () => ask(flown[id], from);
      const said = () => (from ? about(from) : "a constant") + (to ? ` → ${nameOf(to)}` : "");
      thing(part(id + "f"), known[head], said, () => ask(known[head]));
      if (!from) continue;
      thing(part(id + "b"), flown[id], words, back);
      thing(part(id) && find("text.v", part(id)), known[from], said, () => askValue(from));
      thing(part(id) && find("text.g", part(id)), flown[id], words, back);
    }
    things.sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
    const svg = find("svg", picture);
    svg.setAttribute("role", "group");
    svg.addEventListener("focusin", (event) => atThing(things.find(({ element }) => element === event.target)));
    svg.addEventListener("keydown", (event) => {
      const here = things.findIndex(({ element }) => element === event.target), way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (here < 0) return;
      if (event.key === "Enter" || event.key === " ") things[here].act();
      else if (way) {
        let next = here + way;
        while (things[next] && getComputedStyle(things[next].shown).visibility === "hidden") next += way;
        things[next]?.element.focus();
      } else return;
      event.preventDefault();
    });
  }
  const atThing = (here) => things.forEach((each) => each.element.setAttribute("tabindex", each === here ? 0 : -1));
  function describe() {
    const step = data.steps[at - 1], hot = step && part(step.e ? step.e + "b" : step.box);
    for (const each of things) {
      const words = each.words();
      if (each.said === words) continue;
      each.said = each.title.textContent = words;
      each.element.setAttribute("aria-label", words);
    }
    if (!things.some(({ element }) => element === document.activeElement)) atThing(things.find(({ element }) => element === hot) || things[0]);
  }

  // The step in words.
  function cell(kind, name, number, math, means) {
    const element = make("div", "", "cell " + kind);
    element.append(make("div", name, "name"));
    const big = make("div", "", "big");
    if (number === null) big.append(question());
    else big.append(number);
    element.append(big);
    if (math) {
      element.append(formula(math));
      element.lastChild.className = "math";
    }
    if (means) element.append(make("div", means, "means"));
    return element;
  }
  function question() {
    const form = make("form"), input = make("input"), show = make("button", "show");
    input.setAttribute("aria-label", "your prediction");
    input.autocomplete = "off";
    show.type = "button";
    form.append(input, " ", show);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const answer = input.value.trim().replace(/[−–]/, "-").replace(",", ".");
      if (answer === "" || Number.isNaN(Number(answer))) return say("wrong", "A number, please, such as 2.5");
      judge(Number(answer), unitOf(answer));
    });
    show.addEventListener("click", () => reveal("shown", "", reason()));
    return form;
  }
  // The score is kept on the page alone: of every question, how often one tried, and how it ended.
  const score = new Map();
  const result = () => score.get(questionKey()) ?? score.set(questionKey(), { tries: 0, end: "" }).get(questionKey());
  function reveal(end, kind, text) {
    result().end = end;
    revealed.add(questionKey());
    render();
    say(kind, text);
    [...root.querySelectorAll("[data-go]:not(:disabled)")].sort((a, b) => (b.dataset.go === "next") - (a.dataset.go === "next"))[0].focus();
  }
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
  const say = (kind, text) => {
    const said = find(".said");
    said.className = "said " + kind;
    said.textContent = text;
  };
  const reason = () => {
    const step = data.steps[at - 1];
    if (step.box) return `${step.name} = ${step.formula} = ${step.numbers} = ${step.value}`;
    return [`${data.output} moves ${times(step.u, step.exact[0])} ${step.from}: ${step.u}`, [step.law, step.figures, step.l].filter(Boolean).join(" = "), `${step.u} × ${held(step.l)} = ${step.c}`][level()];
  };
  function judge(answer, unit) {
    const step = data.steps[at - 1], truth = step.box ? step.exact : step.exact[level()];
    result().tries += 1;
    // Another number of the step is no rounding, even where it would do for one.
    const others = step.box ? step.operands : [...step.exact.filter((_, i) => i !== level()), step.own];
    const taken = !near(answer, truth) && others.includes(answer);
    if (!taken && says(answer, unit, truth)) return reveal("right", "right", (near(answer, truth) ? "Right: " : "Right, to the digits given: ") + reason());
    const approximate = fromRounded(step, answer, unit);
    if (approximate && !taken) return reveal("right", "right", `Right with rounded numbers, ${approximate.map((x) => held(written(x))).join(" and ")}. With all digits: ${reason()}`);
    const sign = truth !== null && (near(answer, -truth) || (!taken && says(answer, unit, -truth)));
    if (sign) return say("wrong", `Not ${written(answer)}. The size is right, the sign is not.`);
    say("wrong", "Not " + written(answer) + ". " + (step.box ? wrongForward(step, answer) : [wrongUpstream, wrongLocal, wrongBackward][level()](step, answer)));
  }
  function wrongUpstream(step, answer) {
    const [u, l, c] = step.exact;
    if (near(answer, l)) return `That is the local derivative: how ${step.from} moves. Asked is how ${data.output} moves with ${step.from}.`;
    if (near(answer, c)) return `That is what goes on to ${step.to}. Asked is what has come to ${step.from}.`;
    return `The upstream gradient is the gradient of ${step.from}; it stands in the table` + (step.since ? `, complete since step ${step.since}.` : ".");
  }
  function wrongLocal(step, answer) {
    const [u, l, c] = step.exact;
    if (near(answer, u)) return `That is the upstream gradient. Asked is how ${step.from} itself moves with ${step.to}.`;
    if (near(answer, c)) return `That is the product already. Asked is how ${step.from} itself moves with ${step.to}, before it is multiplied by the upstream gradient.`;
    if (step.own !== null && near(answer, step.own)) return `That is the value of ${step.to} itself. Asked is how ${step.from} moves with it: ${step.law}.`;
    return `How much does ${step.from} move when ${step.to} moves a little? ${step.law}.`;
  }
  function wrongForward(step, answer) {
    const [x, y] = step.operands;
    if (step.op === "multiply" && near(answer, x + y)) return "That is a sum; here the two are multiplied.";
    if (step.op === "add" && near(answer, x * y)) return "That is a product; here the two are added.";
    return `${step.name} = ${step.formula}, so work out ${step.numbers}.`;
  }
  function wrongBackward(step, answer) {
    const [u, l, c, after] = step.exact;
    const product = `${step.u} × ${held(step.l)}`;
    if (u !== null && l !== null) {
      if (near(answer, u)) return `That is the upstream gradient alone; ${step.from} also moves ${times(step.l, l)} ${step.to}. Multiply the two.`;
      if (near(answer, l)) return `That is the local derivative alone: how ${step.from} moves. For ${data.output}, multiply by the upstream gradient, ${step.u}.`;
      if (near(answer, u + l)) return "That is the sum. Along one way, rates are multiplied: " + product + ".";
      if (near(answer, after)) return "That is the sum of all contributions so far. Asked is what this arrow alone brings: " + product + ".";
      if (l && near(answer, u / l)) return "That is a quotient. Rates are multiplied: " + product + ".";
      if (step.own !== null && near(answer, u * step.own)) return `That is upstream times the value of ${step.to} itself. The rule says ${step.law}, which is ${step.l}.`;
    }
    return `Upstream is ${step.u}, and the local derivative ${step.law} is ${step.l} here. Multiply the two.`;
  }
  function words() {
    const step = data.steps[at - 1], hidden = asking(), parts = [];
    const title = (text, small) => {
      const element = make("h2", text + " ");
      element.append(make("small", small));
      parts.push(element);
    };
    const paragraph = (...pieces) => {
      const element = make("p");
      element.append(...pieces);
      parts.push(element);
      return element;
    };
    const equation = (...cells) => {
      const element = make("div", "", "eq");
      element.append(...cells);
      parts.push(element);
    };
    if (!step) {
      title(`How does ${data.output} come about, and what moves it?`, "");
      const count = (n) => (n === 1 ? "1 step" : n + " steps");
      paragraph(`First forward: ${count(data.forward)}, one for each number, up to ${data.output}.`);
      paragraph(`Then backward: ${count(data.backward)}, one for each arrow. Each says how much ${data.output} moves when a number moves a little. That is the number's gradient.`);
      paragraph(make("span", "Arrow keys ← → or the buttons go from step to step, Home and End to either end. “Predict first” hides each new number until you have said it.", "hint"));
    } else if (step.box) {
      title(`Forward: ${step.name}`, `step ${step.n} of ${data.total}`);
      if (!step.formula) {
        equation(cell("v", "value", step.value, "", "given: there is nothing to compute"));
        paragraph(`${step.name} goes into the calculation as ${step.value}.`);
      } else {
        equation(cell("", "computed as", step.numbers, step.math), make("b", "="), cell("v", "value", hidden ? null : step.value, "", `the value of ${step.name}`));
        parts.push(make("p", "", "said"));
      }
      if (at === turn) {
        const turning = paragraph(make("strong", "All numbers are there. Now the other way round: "));
        turning.append(`how much does ${data.output} move when a number moves a little? ${data.output} itself is easy: it moves exactly as much as itself` +
          (data.seed === "1" ? ", so its own gradient is 1. " : `, times the ${data.seed} that came from upstream. `) +
          "From there the gradients flow back along the arrows.");
      }
    } else {
      title(`Backward: from ${step.from} to ${step.to}`, `step ${step.n} of ${data.total}`);
      const [u, l, c] = step.exact, one = step.uses === 1, blank = hidden ? level() : -1, shown = hidden ? (blank === 2 ? null : "?") : step.c;
      equation(
        cell("u", "upstream gradient" + (step.since ? `, complete since step ${step.since}` : ", where it all starts"), blank === 0 ? null : step.u, step.mathU, blank === 0 ? `How much does ${data.output} move with ${step.from}?` : `${data.output} moves ${times(step.u, u)} ${step.from}`),
        make("b", "×"),
        cell("", "local derivative", blank === 1 ? null : step.l, blank === 1 ? step.because[0] : step.because, blank === 1 ? `How much does ${step.from} move with ${step.to}?` : `${step.from} moves ${times(step.l, l)} ${step.to}`),
        make("b", "="),
        cell("c", one ? "gradient of " + step.to : "contribution", shown, one ? step.mathC : "",
          hidden && blank < 2 ? "" : hidden ? "How much does " + data.output + " move with " + step.to + (one ? "?" : " along this arrow?")
          : `so ${data.output} moves ${times(step.c, c)} ${step.to}` + (one ? "" : ", along this arrow")));
      parts.push(make("p", "", "said"));
      if (blank === 1) paragraph(formula(step.does), ".");
      else paragraph(`Why ${step.l}? `, formula(step.does), ", so ", [step.law, step.figures, step.law.endsWith(" = " + step.l) ? "" : step.l].filter(Boolean).join(" = ") + ".");
      if (step.hands && blank !== 1) paragraph(step.hands);
      if (step.bound && blank !== 1) paragraph(step.bound[1]);
      if (u === 0 && blank !== 0) paragraph(`An upstream gradient of 0 hands nothing on: ${data.output} does not move with ${step.from}.`);
      if (!one && !hidden) {
        const sum = `${step.before} + ${held(step.c)} = ${step.after}`;
        const more = step.uses - step.arrived;
        const element = paragraph(make("strong", `${step.to} is used in ${step.uses} places, so its contributions add up: `));
        element.append(formula(step.mathC), ` so far is ${sum}` + (more ? `; ${more} more to come.` : ". That was the last: its gradient is complete."));
      }
      if (step.n === data.total && !data.problem) paragraph(make("strong", "Every gradient is there."));
    }
    if (at === last && find(".predict").checked && score.size && !printing) {
      const results = [...score.values()], count = (test) => results.filter(test).length;
      paragraph(make("strong", `Score: ${count(({ end }) => end === "right")} of ${score.size} right, ${count(({ tries, end }) => end === "right" && tries === 1)} at the first try, ${count(({ end }) => end === "shown")} shown. `),
        button("", () => {
          score.clear();
          revealed.clear();
          go(0);
        }, "start over"));
    }
    if (at === last && data.part) paragraph(make("strong", data.part));
    if (at === last && data.problem) paragraph(make("strong", "Here the sweep stops: "), data.problem);
    box.replaceChildren(...parts);
  }

  function render() {
    slider.value = at;
    const step = data.steps[at - 1];
    const said = step ? `step ${step.n} of ${data.total}` : `${data.total} steps`;
    where.textContent = said + (data.part && step ? ` (${at} of ${last} here)` : "");
    slider.setAttribute("aria-valuetext", step ? `${said}: ${step.box ? step.name : step.from + " to " + step.to}` : "before the first step");
    for (const name of ["first", "back"]) find(`[data-go="${name}"]`).disabled = at === 0;
    for (const name of ["next", "last"]) find(`[data-go="${name}"]`).disabled = at === last;
    words();
    paint();
    fill();
    describe();
    whatNext();
    follow();
  }

  // On paper nothing is asked; before the first step there is everything to see, as in the list of all steps.
  addEventListener("beforeprint", () => {
    printing = true;
    render();
    if (at) return;
    at = last + 1;
    paint();
    fill();
    at = 0;
  });
  addEventListener("afterprint", () => {
    printing = false;
    render();
  });

  // The program: the lines of this step are marked, and a click on a line goes to the next of its steps.
  const listing = find(".source"), lines = [...root.querySelectorAll(".source .line")];
  const positions = () => new Map(lines.map((line) => [line, line.dataset.at.split(" ").map((place) => {
    const step = orders.depth[place - 1];
    return step.box ? Number(place) : places[step.e];
  })]));
  let stepsOf = positions();
  function follow() {
    if (!listing) return;
    const now = lines.filter((line) => stepsOf.get(line).includes(at));
    for (const line of lines) {
      line.classList.toggle("hot", now.includes(line));
      line.tabIndex = line === (now[0] || lines[0]) ? 0 : -1;
    }
    find(".none").hidden = now.length > 0 || at === 0;
    if (!now.length) return;
    const top = now[0].offsetTop, bottom = now.at(-1).offsetTop + now.at(-1).offsetHeight;
    if (top < listing.scrollTop || bottom > listing.scrollTop + listing.clientHeight) listing.scrollTop = (top + bottom - listing.clientHeight) / 2;
  }
  lines.forEach((line, i) => {
    line.addEventListener("click", () => go(stepsOf.get(line).find((step) => step > at) ?? stepsOf.get(line)[0]));
    line.addEventListener("keydown", (event) => {
      const next = lines[i + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN)];
      if (next) {
        event.preventDefault();
        next.focus();
      }
    });
  });
  const go = (to) => {
    const target = Math.max(0, Math.min(last, to));
    if (target !== at) {
      at = target;
      render();
      address();
    }
  };
  // The address of a step: #step=27, of the second graph on a page #step2=27.
  const mine = Number(/\d+/.exec(data.prefix)[0]) + 1, [stepKey, orderKey] = ["step", "order"].map((word) => word + (mine > 1 ? mine : ""));
  const fragment = () => new URLSearchParams(location.hash.slice(1));
  function address() {
    const words = fragment();
    if (at) words.set(stepKey, data.steps[at - 1].n);
    else words.delete(stepKey);
    if (order === "layer") words.set(orderKey, order);
    else words.delete(orderKey);
    try {
      history.replaceState(null, "", "#" + words);
    } catch {
      // a frame may have no address of its own
    }
  }
  function arrive() {
    const words = fragment(), n = Number(words.get(stepKey) || NaN);
    if (words.get(orderKey) === "layer" && orders.layer) reorder("layer");
    if (!Number.isNaN(n)) go(data.steps.filter((step) => step.n <= n).length);
  }
  function reorder(to) {
    const step = data.steps[at - 1];
    order = to;
    data.steps = orders[to];
    number();
    stepsOf = positions();
    find(".order").value = to;
    if (step && step.e) at = places[step.e];
    render();
    address();
  }
  if (orders.layer) find(".order").addEventListener("change", (event) => reorder(event.target.value));
  else find(".order").parentElement.remove();
  // Playing: a step for each beat, until the end, a question, or a hand on the controls.
  const play = find(".play");
  let beat = 0;
  const pause = () => {
    clearTimeout(beat);
    beat = 0;
    play.textContent = "play";
    play.setAttribute("aria-pressed", false);
  };
  const tick = () => {
    go(at + 1);
    if (at === last || asking()) pause();
    else beat = setTimeout(tick, Number(find(".pace").value));
  };
  play.addEventListener("click", () => {
    if (beat) return pause();
    if (at === last) go(0);
    play.textContent = "pause";
    play.setAttribute("aria-pressed", true);
    beat = setTimeout(tick, Number(find(".pace").value));
  });
  root.addEventListener("pointerdown", (event) => event.target.closest(".play,.pace") || pause());
  root.addEventListener("keydown", (event) => event.target.closest(".play,.pace") || pause());
  const by = (to) => () => {
    pause();
    go(to());
  };
  const moves = { first: by(() => 0), back: by(() => at - 1), next: by(() => at + 1), last: by(() => last) };
  for (const button of root.querySelectorAll("[data-go]")) button.addEventListener("click", moves[button.dataset.go]);
  slider.addEventListener("input", () => go(Number(slider.value)));
  find(".predict").addEventListener("change", () => {
    find(".level").hidden = !find(".predict").checked;
    render();
  });
  find(".level").addEventListener("change", render);
  root.addEventListener("pointerdown", () => (walk.active = moves));
  root.addEventListener("focusin", () => (walk.active = moves));
  if (!walk.active) {
    walk.active = moves;
    const keys = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last" };
    document.addEventListener("keydown", (event) => {
      const input = document.querySelector(".cell input");
      if (input && /^[-−+.\d]$/.test(event.key) && event.target.tagName !== "INPUT") input.focus();
      const empty = event.target === input && !input.value;
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox" && !empty) return;
      event.preventDefault();
      walk.active[keys[event.key]]();
    });
  }

  // Why: paths.
  const picked = (holder, leaves, choose) => {
    const buttons = leaves.map((leaf) => {
      const button = make("button", leaf.name);
      button.type = "button";
      button.dataset.leaf = leaf.id;
      button.addEventListener("click", () => {
        for (const other of buttons) other.setAttribute("aria-pressed", other === button);
        choose(leaf);
      });
      button.setAttribute("aria-pressed", "false");
      return button;
    });
    holder.append(...buttons);
    return buttons;
  };
  const numberOf = (text) => make("span", text, "n");
  const signOf = (text) => make("b", text);
  // A chain: each factor as a fraction, its number below it.
  function spelled([numbers, product], before, after) {
    const line = make("div", "", "chain"), cell = (kind, above, below) => {
      const element = make("span", "", kind);
      element.append(above, numberOf(below));
      return element;
    };
    const factors = numbers.map((i) => (i === null ? null : data.factors[i]));
    const parts = factors.map((factor, i) => (factor
      ? button("factor", () => go(places[factor.at] ?? at), formula(factor.math), numberOf(i ? held(factor.l) : factor.l))
      : cell("factor", "…", "…")));
    if (data.seed !== "1" || !parts.length) parts.unshift(cell("factor", "1", data.seed));
    parts.forEach((part, i) => line.append(...(i ? [signOf("·")] : []), part));
    line.prepend(...before);
    if (after) line.append(after);
    else if (parts.length > 1) {
      line.append(signOf("="), numberOf(product));
      line.lastChild.classList.add("total");
    }
    return line;
  }
  function factorsOf([numbers]) {
    const table = make("table"), head = make("tr"), body = make("tbody"), top = make("thead");
    for (const text of ["factor", "which is", "product so far"]) {
      const th = make("th", text);
      th.scope = "col";
      head.append(th);
    }
    top.append(head);
    let product = Number(data.seed.replace("−", "-"));
    for (const i of numbers) {
      const row = make("tr"), factor = data.factors[i];
      body.append(row);
      if (!factor) {
        product = NaN;
        row.append(make("td", "…"), make("td"), make("td"));
        continue;
      }
      product = product && factor.exact ? product * factor.exact : 0 * factor.exact;
      const name = make("th"), law = make("td");
      name.scope = "row";
      name.append(factor.name);
      if (factor.law) law.append(formula(factor.law), " = ");
      law.append(factor.l);
      row.append(name, law, make("td", Number.isNaN(product) ? "" : written(product), "g"));
    }
    table.append(top, body);
    return table;
  }
  function bounds([numbers]) {
    const found = numbers.map((i) => data.factors[i]).filter((factor) => factor && factor.bound), said = found.map((factor) => factor.bound[1]);
    if (found.length > 1) {
      const product = found.reduce((all, factor) => all * factor.exact, 1), most = found.reduce((all, factor) => all * factor.bound[0], 1);
      said.push(`Together: ${found.map((factor) => held(factor.l)).join(" × ")} = ${written(product)}, of at most ${found.map((factor) => written(factor.bound[0])).join(" × ")} = ${written(most)}.`);
    }
    return [...new Set(said)];
  }
  function explain(node) {
    const answer = find(".why .answer"), why = data.why[node.id], parts = [], several = why.chains.length > 1, one = why.count === "1";
    asked = node;
    for (const other of whose) other.setAttribute("aria-pressed", other.dataset.leaf === node.id);
    const first = why.chains[0];
    if (node.output) parts.push(make("p", `${data.output} moves exactly as much as itself` + (data.seed === "1" ? "." : `; here that is multiplied by the seed, ${data.seed}.`)));
    else if (!first) parts.push(make("p", `${data.output} does not depend on ${node.name}: there is no path, and the gradient is 0.`));
    else parts.push(make("p", `Chain rule: ${data.output} depends on ${node.name} along ${why.count} ${one ? "path" : "paths"}` +
      (why.all ? "." : `; here are the largest ${why.chains.length}.`) + " Along a path the factors are multiplied" + (one ? "." : "; over paths the products are added.")));
    const detail = make("div", "", "detail");
    const show = (i) => {
      const table = why.chains[i][0].length ? [factorsOf(why.chains[i])] : [];
      detail.replaceChildren(...table, ...bounds(why.chains[i]).map((text) => make("p", text, "bound")));
      light(why.chains[i][0]);
      for (const element of choices) element.setAttribute("aria-pressed", element === choices[i]);
    };
    const choices = several ? why.chains.map((each, i) => button("choose", () => show(i), `path ${i + 1}: ${each[1]}`)) : [];
    why.chains.forEach((each, i) => {
      parts.push(spelled(each, i ? [signOf("+")] : [formula(node.math), signOf("=")], choices[i]));
    });
    if (why.all && several) parts.push(make("p", `Together: ${why.sum} = ${why.total}, the gradient of ${node.name}.`));
    else if (!why.all) parts.push(make("p", `All ${why.count} paths together, added up from ${node.name} upwards: ${why.total}. The sweep says ${why.gradient}.`));
    answer.replaceChildren(...parts, detail);
    if (first) show(0);
    else light([]);
  }
  // The lit path, with the factors along it.
  const light = (numbers) => {
    const chain = numbers.map((i) => data.factors[i]).filter(Boolean);
    path = new Set(chain.flatMap((factor) => factor.edges));
    paint();
    tags.replaceChildren();
    for (const factor of chain) {
      const line = factor.at && part(factor.at + "b")?.querySelector("path");
      if (!line) continue;
      const { x, y } = line.getPointAtLength(line.getTotalLength() / 2), text = shape("text", { x, y: y - 0.4, "text-anchor": "middle", "font-size": 12 });
      text.textContent = "× " + factor.l;
      tags.append(text);
      const { x: left, y: top, width, height } = text.getBBox();
      text.before(shape("rect", { x: left - 3, y: top, width: width + 6, height, rx: 4 }));
    }
  };
  // Why in this order: what could go next.
  function whatNext() {
    const ready = readyNow().map((node) => node.name), parts = [];
    parts.push(make("p", "Forward, a number comes after those it is computed from. Backward, it is the other way round: any order is right in which a node comes after all that it feeds, for only then is its gradient complete and can be handed on."));
    parts.push(make("p", at < turn ? `Backward begins when ${data.output} is there.` : ready.length ? `Ready now${data.part ? ", of those here" : ""}: ${ready.join(", ")}. Whichever of them goes next, the gradients will be the same.` : "Everything is handed on."));
    if (orders.layer) parts.push(make("p", order === "depth" ? `These steps go depth first, as the program does: one operand to its end before the next. Lectures go layer by layer; choose it above.` : `These steps go layer by layer, as lectures do: what is equally far from ${data.output} together.`));
    find(".turns .answer").replaceChildren(...parts);
  }
  const why = find(".why"), what = find(".what"), rank = find(".rank"), turns = find(".turns"), stage = find(".stage"), side = find(".side");
  const tags = shape("g", { class: "tags" });
  find("svg > g", picture).append(tags);
  // With a question open, the answer stands beside the picture, or below it while the picture stays in view.
  function beside(panel) {
    stage.classList.toggle("asking", [why, what, rank, turns].some((each) => each.open));
    if (!panel.open) return;
    side.scrollTop = panel.offsetTop;
    const room = picture.getBoundingClientRect(), place = panel.getBoundingClientRect(), top = root.getBoundingClientRect().top;
    if (place.left >= room.right) scrollBy(0, top < 0 || place.bottom > innerHeight ? top - 8 : 0);
    else if (place.top < room.height || place.top > room.height + 80) scrollBy(0, place.top - room.height - 8);
  }
  let asked = null, whose = [];
  const nodeOfStep = () => {
    const step = data.steps[at - 1];
    return step && nodes[step.tail];
  };
  if (data.leaves.length) {
    whose = picked(find(".why .pick"), data.leaves, (leaf) => explain(nodes[leaf.id]));
    why.addEventListener("toggle", () => {
      if (why.open && !asked) explain(nodeOfStep() || nodes[data.leaves[0].id]);
      else if (!why.open) {
        asked = null;
        light([]);
      }
      beside(why);
    });
  } else why.replaceWith(make("p", data.noWhy, "hint"));

  // Which number matters most: by how much the output moves with it, or by how much of the output it carries.
  const rounded = (factor) => held(factor.exact === null ? factor.l : written(Number(factor.exact.toPrecision(3))));
  function ranking(by) {
    const size = (leaf) => Math.abs(by ? leaf.exact[1] * leaf.exact[0] : leaf.exact[1]);
    const leaves = data.leaves.filter((leaf) => Number.isFinite(size(leaf)) && leaf.exact.every((x) => x !== null)).sort((a, b) => size(b) - size(a));
    const most = size(leaves[0] || { exact: [0, 0] }) || 1, parts = [], choose = make("div", "", "pick");
    ["by gradient", "by gradient × value"].forEach((text, i) => {
      const element = button("", () => ranking(i), text);
      element.setAttribute("aria-pressed", i === by);
      choose.append(element);
    });
    parts.push(choose, make("p", by
      ? `Gradient × value: about how much ${data.output} changes when a number changes by 100 % of itself.`
      : `Gradient: how much ${data.output} changes for each 1 that a number changes by.`));
    const list = make("ol", "", "bars");
    for (const leaf of leaves) {
      const row = make("li"), bar = make("span", "", "amount"), x = by ? leaf.exact[1] * leaf.exact[0] : leaf.exact[1];
      const first = data.why[leaf.id].chains[0], count = data.why[leaf.id].count;
      bar.style.width = (100 * size(leaf)) / most + "%";
      const text = by ? `${leaf.gradient} × ${held(leaf.value)} = ${written(x)}` : leaf.gradient;
      const product = first && first[0].map((i) => (i === null ? "…" : rounded(data.factors[i]))).join(" × ");
      row.append(button("name", () => open(nodes[leaf.id]), leaf.name), make("span", text, "n"), bar,
        make("small", !first ? "no path" : count === "1" ? product : `${count} paths, the largest ${product}`));
      list.append(row);
    }
    parts.push(list);
    const families = new Map();
    for (const leaf of leaves) {
      const base = leaf.name.replace(/[₀-₉\d]+$/, "");
      if (base && base !== leaf.name) families.set(base, [...(families.get(base) || []), leaf]);
    }
    for (const [base, family] of families) {
      if (family.length < 2) continue;
      const top = family[0], end = family.at(-1), factors = (leaf) => data.why[leaf.id].chains[0]?.[0].length ?? 0;
      const squashed = (leaf) => (data.why[leaf.id].chains[0]?.[0] ?? []).filter((i) => data.factors[i]?.bound).length;
      const ways = (leaf) => `${factors(leaf)} ${factors(leaf) === 1 ? "factor" : "factors"}` + (squashed(leaf) ? `, ${squashed(leaf)} of them squashing` : "");
      parts.splice(2, 0, make("p", size(top) === size(end) ? `All of ${base}₁, ${base}₂, … matter alike.` : `Of ${base}₁, ${base}₂, …: ${top.name} matters most, ` + (size(end) ? `${written(size(top) / size(end))} times as much as ${end.name}. ` : `${end.name} not at all. `) +
        (ways(top) === ways(end) ? `The ways of both to ${data.output} have ${ways(top)}.` : `Its way to ${data.output} has ${ways(top)}; that of ${end.name} has ${ways(end)}.`)));
    }
    find(".rank .answer").replaceChildren(...parts);
  }
  if (data.leaves.length > 1) {
    rank.addEventListener("toggle", () => {
      if (rank.open && !find(".rank ol")) ranking(0);
      beside(rank);
    });
  } else rank.remove();
  turns.addEventListener("toggle", () => beside(turns));
  function open(node) {
    if (!data.why[node.id]) return;
    explain(node);
    if (why.open) beside(why);
    else why.open = true;
  }

  // What if: a leaf on a grid, computed beforehand.
  const movable = data.leaves.filter((leaf) => leaf.what);
  function wonder(leaf) {
    const { x, step, base, slope, outputs } = leaf.what, middle = (outputs.length - 1) / 2;
    const control = make("input"), list = make("dl"), left = make("div"), right = make("div"), holder = make("div", "", "whatif");
    control.type = "range";
    control.min = -middle;
    control.max = middle;
    control.value = 0;
    control.setAttribute("aria-label", `${leaf.name}, instead of ${leaf.value}`);
    const finite = Number.isFinite;
    const places = outputs.map((y, i) => [(i - middle) * step, y === null || !finite(y - base) ? null : y - base]);
    const there = places.filter(([, y]) => y !== null);
    const sizes = there.flatMap(([d, y]) => [Math.abs(y), Math.abs(slope * d)]).filter(finite);
    const most = Math.max(0, ...sizes) || 1, within = (share) => Math.max(-1.1, Math.min(1.1, share));
    const X = (d) => 220 + (d / (step * middle || 1)) * 200, Y = (y) => 110 - within(y / most) * 95;
    const svg = shape("svg", { viewBox: "0 0 440 220", role: "img", "aria-label": `change of ${data.output} when ${leaf.name} changes: the truth as a curve, the prediction as a straight line` });
    svg.append(shape("path", { d: "M20 110H420M220 10V210", class: "axis" }));
    svg.append(shape("path", { d: `M${X(places[0][0])} ${Y(slope * places[0][0])}L${X(places.at(-1)[0])} ${Y(slope * places.at(-1)[0])}`, class: "tangent" }));
    let line = "", pen = "M";
    for (const [d, y] of places) {
      if (y === null) pen = "M";
      else {
        line += `${pen}${X(d).toFixed(1)} ${Y(y).toFixed(1)}`;
        pen = "L";
      }
    }
    svg.append(shape("path", { d: line, class: "curve" }));
    const miss = shape("path", { class: "miss" }), truth = shape("circle", { r: 6, class: "dot" }), guess = shape("circle", { r: 5, class: "dot2" });
    svg.append(miss, guess, truth);
    const update = () => {
      const [d, y] = places[Number(control.value) + middle];
      const entries = [[leaf.name, d ? `${leaf.value} → ${written(x + d)}   (${signed(d)})` : leaf.value], ["predicted change", `gradient × change = ${leaf.gradient} × ${held(written(d))} = ${signed(slope * d)}` + (d ? `, so ${written(base)} → ${written(base + slope * d)}` : "")]];
      if (y === null) entries.push(["true change", "there is none: the calculation is not defined here"]);
      else {
        const off = y - slope * d, size = Math.max(Math.abs(y), Math.abs(slope * d), Math.abs(base) * 1e-7);
        entries.push(["true change", `${written(base)} → ${written(base + y)}   (${signed(y)})`]);
        entries.push(["the prediction", d === 0 ? "drag the slider, or the number in the picture" : Math.abs(off) <= 1e-6 * size ? "is exact: nothing bends here" : `misses by ${written(Math.abs(off))}: the gradient holds for small changes`]);
        miss.setAttribute("d", `M${X(d)} ${Y(slope * d)}L${X(d)} ${Y(y)}`);
        truth.setAttribute("cx", X(d));
        truth.setAttribute("cy", Y(y));
      }
      truth.classList.toggle("hide", y === null);
      guess.setAttribute("cx", X(d));
      guess.setAttribute("cy", Y(slope * d));
      control.setAttribute("aria-valuetext", `${leaf.name} ${written(x + d)}`);
      list.replaceChildren(...entries.flatMap(([name, text]) => [make("dt", name), make("dd", text)]));
    };
    control.addEventListener("input", update);
    const jumps = make("div", "", "pick");
    for (const n of [-10, -1, 0, 1, 10]) jumps.append(button("", () => set(n), n ? signed(n * step) : "as it is"));
    left.append(control, jumps, list, make("p", "Blue is the truth, computed by running the whole calculation again; orange and dashed is the prediction from the gradient alone.", "hint"));
    right.append(svg);
    holder.append(left, right);
    find(".what .answer").replaceChildren(holder);
    update();
    const set = (places_) => {
      control.value = places_;
      update();
    };
    return set;
  }
  if (movable.length) {
    let set = null, chosen = null;
    const choose = (leaf) => {
      chosen = leaf;
      set = wonder(leaf);
    };
    const buttons = picked(find(".what .pick"), movable, choose);
    const start = () => Math.max(0, movable.findIndex((leaf) => leaf.id === (asked || nodeOfStep() || {}).id));
    what.addEventListener("toggle", () => {
      if (what.open && !chosen) buttons[start()].click();
      picture.classList.toggle("wondering", what.open);
      beside(what);
    });
    movable.forEach((leaf, i) => {
      part(leaf.id)?.classList.add("movable");
      part(leaf.id)?.addEventListener("pointerdown", (event) => {
        if (!what.open) return;
        event.preventDefault();
        if (chosen !== leaf) buttons[i].click();
        const start = event.clientX;
        const drag = (move) => set(Math.round((move.clientX - start) / 3));
        const drop = () => {
          picture.classList.remove("dragging");
          removeEventListener("pointermove", drag);
        };
        picture.classList.add("dragging");
        addEventListener("pointermove", drag);
        addEventListener("pointerup", drop, { once: true });
      });
    });
  } else if (data.noWhat) what.replaceWith(make("p", data.noWhat, "hint"));
  else what.remove();

  askable();
  addEventListener("hashchange", arrive);
  const natural = Number(find("svg", picture).getAttribute("width"));
  picture.closest(".walk").style.setProperty("--least", Math.round(natural * 0.5) + "px");
  render();
  arrive();
}
