// The page computes by itself: what if a number were different, and the step of learning. Both move the numbers of picture and table.
function computing(walk, program) {
  const { data, find, part, make, shape, button, written, signed, held, nodes, picked } = walk;
  const picture = find(".picture"), what = find(".what"), learn = find(".learn"), none = { forEach() {}, respoken() {}, wondering: () => false };
  if (!program) {
    learn.remove();
    if (data.noWhat) what.replaceWith(Object.assign(make("p", say(data.noWhat), "hint"), { said: data.noWhat }));
    else what.remove();
    return none;
  }
  const start = data.inputs, GRID = 50, finite = Number.isFinite, end = data.forward - 1;
  const run = (numbers) => {
    const [v, g, c] = program(numbers);
    return { v, g, c, value: v[end], whole: v.every(finite) };
  };
  const at = (leaf, x) => start.map((y, place) => (place === leaf.place ? x : y));
  const show = (found) => {
    walk.moved = found && found.whole ? found : null;
    walk.refresh();
  };

  // What if: one number on a grid of round steps around its own.
  function stepOf(x) {
    if (!finite(x) || Math.abs(x) < 1e-300) return 0.02;
    const power = 10 ** Math.floor(Math.log10(Math.abs(x) / 100)), size = Math.abs(x) / 100 / power;
    return Number(([1, 2, 5, 10].find((step) => size <= step * (1 + 1e-9)) * power).toPrecision(1));
  }
  let chosen = null, place = 0, set = null;
  function wonder(leaf) {
    const x = leaf.exact[0], slope = leaf.exact[1], step = stepOf(x), base = data.value, answer = find(".what .answer");
    const control = make("input"), list = make("dl"), left = make("div"), right = make("div"), holder = make("div", "", "whatif");
    chosen = leaf;
    control.type = "range";
    control.min = -GRID;
    control.max = GRID;
    control.value = place;
    control.setAttribute("aria-label", T("what.instead", { name: leaf.name, value: leaf.value }));
    const own = run(start).value;  // its last digits may not be the engine's: a slider at rest shows no change
    const places = Array.from({ length: 2 * GRID + 1 }, (_, i) => {
      const d = (i - GRID) * step, found = d ? run(at(leaf, x + d)) : null;
      return [d, d === 0 ? 0 : found.whole && finite(found.value - own) ? found.value - own : null];
    });
    const sizes = places.filter(([, y]) => y !== null).flatMap(([d, y]) => [Math.abs(y), Math.abs(slope * d)]).filter(finite);
    const most = Math.max(0, ...sizes) || 1, within = (share) => Math.max(-1.1, Math.min(1.1, share));
    const X = (d) => 220 + (d / (step * GRID || 1)) * 200, Y = (y) => 110 - within(y / most) * 95;
    const svg = shape("svg", { viewBox: "0 0 440 220", role: "img", "aria-label": T("what.plot", { output: data.output, name: leaf.name }) });
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
      place = Number(control.value);
      const [d, y] = places[place + GRID], change = signed(slope * d), before = written(base);
      const slots = { value: leaf.value, now: written(x + d), change: signed(d) };
      const predicted = { gradient: leaf.gradient, d: held(written(d)), change, before, after: written(base + slope * d) };
      const entries = [[leaf.name, d ? T("what.at", slots) : leaf.value], [T("what.predicted"), T(d ? "what.predicted.to" : "what.predicted.at", predicted)]];
      if (y === null) entries.push([T("what.true"), T("what.none")]);
      else {
        const off = y - slope * d, size = Math.max(Math.abs(y), Math.abs(slope * d), Math.abs(base) * 1e-7);
        entries.push([T("what.true"), T("what.true.at", { before, after: written(base + y), change: signed(y) })]);
        entries.push([T("what.prediction"), d === 0 ? T("what.drag") : Math.abs(off) <= 1e-6 * size ? T("what.exact") : T("what.misses", { x: written(Math.abs(off)) })]);
        miss.setAttribute("d", `M${X(d)} ${Y(slope * d)}L${X(d)} ${Y(y)}`);
        truth.setAttribute("cx", X(d));
        truth.setAttribute("cy", Y(y));
      }
      truth.classList.toggle("hide", y === null);
      guess.setAttribute("cx", X(d));
      guess.setAttribute("cy", Y(slope * d));
      control.setAttribute("aria-valuetext", `${leaf.name} ${written(x + d)}`);
      list.replaceChildren(...entries.flatMap(([name, text]) => [make("dt", name), make("dd", text)]));
      show(d === 0 ? null : run(at(leaf, x + d)));
    };
    control.addEventListener("input", update);
    const jumps = make("div", "", "pick");
    for (const n of [-10, -1, 0, 1, 10]) jumps.append(button("", () => set(n), n ? signed(n * step) : T("what.as.is")));
    left.append(control, jumps, list, make("p", T("what.hint"), "hint"));
    right.append(svg);
    holder.append(left, right);
    answer.replaceChildren(holder);
    set = (to) => {
      control.value = to;
      update();
    };
    update();
  }
  const buttons = picked(find(".what .pick"), data.leaves, (leaf) => {
    place = 0;
    wonder(leaf);
  });
  what.addEventListener("toggle", () => {
    if (what.open) {
      learn.open = false;
      const wanted = (walk.whys.asked() || nodes[walk.step()?.tail] || {}).id;
      if (!chosen) buttons[Math.max(0, data.leaves.findIndex((leaf) => leaf.id === wanted))].click();
      else set(place);
    } else if (!learn.open) show(null);
    picture.classList.toggle("wondering", what.open);
    walk.beside(what);
  });
  data.leaves.forEach((leaf, i) => {
    part(leaf.id)?.classList.add("movable");
    part(leaf.id)?.addEventListener("pointerdown", (event) => {
      if (!what.open) return;
      event.preventDefault();
      if (chosen !== leaf) buttons[i].click();
      const from = event.clientX, before = place;
      const drag = (move) => set(before + Math.round((move.clientX - from) / 3));
      const drop = () => {
        picture.classList.remove("dragging");
        removeEventListener("pointermove", drag);
      };
      picture.classList.add("dragging");
      addEventListener("pointermove", drag);
      addEventListener("pointerup", drop, { once: true });
    });
  });

  // The step: all parameters against their gradients, as often as one likes.
  const learns = new Set(data.learns), byPlace = new Map(data.leaves.map((leaf) => [leaf.place, leaf]));
  let power = -1, numbers = [...start], history = [data.value], refused = "";
  const rateOf = () => Number((10 ** power).toPrecision(2));
  const stepped = (from, found) => from.map((x, i) => (learns.has(i) ? x - rateOf() * found.g[i] : x));
  function advance(count) {
    refused = "";
    for (let i = 0; i < count; i += 1) {
      const found = run(numbers), next = stepped(numbers, found), then = run(next);
      if (![...found.g, ...next].every(finite) || !then.whole) {
        refused = "learn.leaves";
        break;
      }
      numbers = next;
      history.push(then.value);
      if (history.length > 2001) history.splice(1, 1);
      steps += 1;
    }
    study();
  }
  let steps = 0;
  const control = make("input"), rate = make("output", "", "rate"), results = make("div");
  control.type = "range";
  [control.min, control.max, control.step, control.value] = [-4, 3, 0.05, power];
  control.addEventListener("input", () => {
    power = Number(control.value);
    refused = "";
    study();
  });
  function plot() {
    const seen = history.filter(finite), low = Math.min(...seen), high = Math.max(...seen), svg = shape("svg", { viewBox: "0 0 440 130", role: "img", "aria-label": T("learn.plot", { output: data.output }) });
    const X = (i) => 12 + (i / Math.max(1, history.length - 1)) * 416, Y = (y) => 116 - ((y - low) / (high - low || 1)) * 100;
    svg.append(shape("path", { d: "M12 120H428M12 8V120", class: "axis" }));
    svg.append(shape("path", { d: history.map((y, i) => `${i ? "L" : "M"}${X(i).toFixed(1)} ${Y(y).toFixed(1)}`).join(""), class: "curve" }));
    if (history.length < 60) for (const [i, y] of history.entries()) svg.append(shape("circle", { cx: X(i), cy: Y(y), r: 3, class: "dot" }));
    return svg;
  }
  function study() {
    const found = run(numbers), eta = rateOf(), name = data.output, square = data.learns.reduce((sum, i) => sum + (learns.has(i) ? found.g[i] ** 2 : 0), 0);
    const next = stepped(numbers, found), then = run(next), old = steps ? found.value : data.value;
    control.setAttribute("aria-label", T("learn.rate"));
    control.setAttribute("aria-valuetext", written(eta));
    rate.textContent = `η = ${written(eta)}`;
    const table = make("table"), top = make("tr"), body = make("tbody"), head = make("thead");
    for (const row of ["learn.parameter", "word.gradient", "learn.old", "learn.new"]) top.append(Object.assign(make("th", T(row)), { scope: "col" }));
    head.append(top);
    let more = 0;
    for (const i of data.learns) {
      const leaf = byPlace.get(i);
      if (!learns.has(i) || !leaf) {
        more += learns.has(i);
        continue;
      }
      const row = make("tr");
      row.append(Object.assign(make("th", leaf.name), { scope: "row" }), make("td", written(found.g[i]), "g"), make("td", written(numbers[i]), "v"), make("td", written(next[i]), "v"));
      body.append(row);
    }
    table.append(head, body);
    const list = make("dl"), change = then.value - (steps ? found.value : run(start).value), fine = then.whole && next.every(finite) && found.g.every(finite);
    const entries = [
      [T("learn.predicted", { output: name }), square ? T("learn.predicted.at", { rate: written(eta), square: written(square), change: signed(-eta * square) }) : T("learn.flat")],
      [T("learn.true"), fine ? T("what.true.at", { before: written(old), after: written(old + change), change: signed(change) }) : T("what.none")],
    ];
    list.append(...entries.flatMap(([term, text]) => [make("dt", term), make("dd", text)]));
    const parts = [list], warning = refused || (!fine ? "learn.leaves" : square && change > 0 ? "learn.rises" : "");
    if (warning) parts.push(make("p", T(warning, { output: name }), "warning"));
    const acts = make("div", "", "pick"), take = button("go", () => advance(1), T("learn.step"));
    take.disabled = !fine;
    acts.append(take, ...[10, 100].map((n) => button("", () => advance(n), T("learn.steps", { n: String(n) }))), button("", () => {
      [numbers, history, steps, refused] = [[...start], [data.value], 0, ""];
      study();
    }, T("learn.again")));
    parts.push(acts);
    if (steps) parts.push(make("p", T("learn.count", { n: String(steps), output: name, value: written(found.value), first: written(data.value) })), plot());
    const holder = make("div", "", "detail");
    holder.append(table);
    parts.push(holder);
    if (more) parts.push(make("p", T("learn.more", { count: more }), "hint"));
    if (steps) parts.push(make("p", T("learn.moved"), "hint"));
    const focused = [...results.querySelectorAll("button")].indexOf(document.activeElement);
    results.replaceChildren(...parts);
    if (focused >= 0) results.querySelectorAll("button")[focused]?.focus();
    if (learn.open) show(steps ? found : null);
  }
  const marked = picked(find(".learn .pick"), data.leaves, (leaf) => {
    learns[learns.has(leaf.place) ? "delete" : "add"](leaf.place);
    if (!data.learns.includes(leaf.place)) data.learns.push(leaf.place);
    press();
    study();
  });
  const press = () => marked.forEach((each, i) => each.setAttribute("aria-pressed", learns.has(data.leaves[i].place)));
  {
    const slide = make("div", "", "slide");
    slide.append(control, rate);
    find(".learn .answer").append(slide, results);
    find(".learn .answer").after(make("p", T("learn.hint", { output: data.output }), "hint learn-hint"));
  }
  learn.addEventListener("toggle", () => {
    if (learn.open) {
      what.open = false;
      press();
      study();
    } else if (!what.open) show(null);
    walk.beside(learn);
  });
  function respoken() {
    find(".learn-hint").textContent = T("learn.hint", { output: data.output });
    if (chosen && find(".what .whatif")) {
      const before = walk.moved;
      wonder(chosen);
      if (!what.open) show(before);
    }
    if (results.firstChild) study();
  }
  return { respoken, wondering: (id) => what.open && data.leaves.some((leaf) => leaf.id === id) };
}
