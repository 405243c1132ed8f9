// One graph: its steps, its picture, its table. `walk` is what the other files know of it.
function walking(data) {
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
  // Formulas are our own MathML, in which every label is escaped; each stands once in the page's template.
  const maths = part("math").content.children;
  const formula = (math) => {
    const element = make("span");
    [math].flat().forEach((i, n) => element.append(...(n ? [" = "] : []), maths[i].cloneNode(true)));
    for (const text of element.querySelectorAll("mtext")) text.textContent = say(text.textContent);
    return element;
  };
  const picked = (holder, leaves, choose) => {
    const buttons = leaves.map((leaf) => {
      const element = button("", () => {
        for (const other of buttons) other.setAttribute("aria-pressed", other === element);
        choose(leaf);
      }, leaf.name);
      element.dataset.leaf = leaf.id;
      element.setAttribute("aria-pressed", "false");
      return element;
    });
    holder.append(...buttons);
    return buttons;
  };
  const slider = find(".slider"), where = find(".where"), box = find(".step"), picture = find(".picture"), stage = find(".stage"), side = find(".side");
  const last = data.steps.length;
  const walk = { data, root, find, part, make, shape, button, formula, picked, at: data.at, path: new Set(), printing: false, moved: null, order: "depth" };
  walk.step = () => data.steps[walk.at - 1];

  // The orders of the steps; the engine's own goes depth first.
  const orders = (walk.orders = { depth: data.steps, layer: null });
  if (data.layers.length) orders.layer = [...data.steps.filter((step) => step.box), ...data.layers.map(({ i, sum, ...other }) => {
    const step = data.steps[i];
    return { ...step, ...other, exact: [...step.exact.slice(0, 3), sum] };
  })];
  // When each thing is known: the number of the first position at which it is.
  const known = {}, flown = {}, sums = {}, places = (walk.places = {}), never = Infinity;
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
  const turn = (walk.turn = data.steps.reduce((end, step, i) => (step.box ? i + 1 : end), 0));
  for (const [id, tail, head, kind, source] of data.links) {
    if (kind === "constant") known[tail] = 0;
    if (kind === "stub") known[tail] = known[source] ?? 0;
    if (head[0] === "o") known[head] = flown[id] = turn;
  }
  const output = data.nodes.find((node) => node.output);
  const nodes = (walk.nodes = Object.fromEntries(data.nodes.map((node) => [node.id, node])));

  // Numbers.
  const minus = (text) => text.replace("-", "−");
  const written = (x) => {
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "–" : x < 0 ? "−∞" : "∞";
    if (x === 0 || Math.abs(x) < 1e-300) return "0";
    const text = String(Number(x.toPrecision(6)));
    const [digits, power] = text.split("e");
    return minus(digits) + (power ? "·10" + [...String(Number(power))].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] || "⁻").join("") : "");
  };
  const signed = (x) => (x < 0 || Number.isNaN(x) ? written(x) : "+" + written(x));
  const held = (text) => (text.startsWith("−") ? `(${text})` : text);
  const near = (x, y) => y !== null && y !== undefined && Math.abs(x - y) <= 0.005 * Math.abs(y) + 1e-12;
  const moves = (a, b, factor, exact) => {
    const row = exact === 1 ? "same" : exact === -1 ? "against" : exact === 0 ? "not" : exact < 0 ? "times.against" : "times";
    return T("moves." + row, { a, b, n: exact < 0 ? factor.slice(1) : factor });
  };
  Object.assign(walk, { written, signed, held, near, moves });
  const predict = predicting(walk);
  const asking = predict.asking;

  // The picture: classes on ids, nothing else.
  const mark = (id, classes) => {
    const element = part(id);
    if (!element) return;
    const base = (element.dataset.kind ||= element.getAttribute("class"));
    const all = base + (classes ? " " + classes : "");
    if (element.getAttribute("class") !== all) element.setAttribute("class", all);
  };
  // A node is ready when its gradient is complete and not yet handed on.
  walk.readyNow = () => {
    const n = walk.at >= turn && walk.at <= last ? walk.step()?.n : 0, i = walk.order === "depth" ? 0 : 1;
    return data.nodes.filter(({ ready }) => ready.length && ready[i][0] <= n && n < ready[i][1]);
  };
  function paint() {
    const step = walk.step(), hidden = asking(), at = walk.at, path = walk.path;
    for (const [id, tail, head] of data.links) {
      const path_ = path.has(id) ? " path" : "";
      const hot = step && step.e === id;
      const into = step && step.box === head;
      mark(id + "f", ((known[head] ?? never) <= at ? "on" : "") + (into ? " hot" : ""));
      mark(id + "b", ((flown[id] ?? never) <= at ? "on" : "") + (hot ? " hot" : "") + path_);
      const value = (known[tail] ?? never) <= at && !(hidden && step.box === tail);
      mark(id, (value ? "on " : "") + ((flown[id] ?? never) <= at && !(hidden && hot) ? "back" : "") + (hot ? " hot" : "") + path_);
    }
    const ready = new Set(walk.readyNow().map((node) => node.id));
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
        const text = total && holder && find("text.g", holder), more = total && total[0] < sums[id].at(-1)[0] && sums[id].at(-1)[0] > at;
        if (text) text.textContent = "Σ = " + (walk.moved ? written(walk.moved.g[nodes[id].place]) : total[1] + (more ? " …" : ""));
      }
    }
    const hot = step && part(step.e || step.box);
    if (hot && picture.scrollWidth > picture.clientWidth + 4) {
      const place = hot.getBoundingClientRect(), frame = picture.getBoundingClientRect();
      picture.scrollLeft += place.left + place.width / 2 - frame.left - frame.width / 2;
    }
  }
  walk.paint = paint;
  // Numbers that were moved stand where the graph's own do, in the picture and in the table.
  const stands = Object.fromEntries(data.links.flatMap(([, tail, head, kind, source]) => [[tail, kind === "stub" ? source : tail], [head, head[0] === "o" ? output?.id : head]]));
  const boxOf = (id) => (nodes[stands[id] ?? id] ? stands[id] ?? id : "");
  const contributions = Object.fromEntries(orders.depth.filter((step) => step.e).map((step) => [step.e, step]));
  const texts = data.links.flatMap(([id, tail, head]) => {
    const value = part(id) && [...part(id).querySelectorAll("text.v")].at(-1), gradient = part(id) && find("text.g", part(id)), node = nodes[boxOf(tail)], found = [];
    if (value && node && value.textContent.endsWith(node.value)) found.push([value, value.textContent.slice(0, -node.value.length), (moved) => moved.v[node.place]]);
    if (gradient && contributions[id]) found.push([gradient, "", (moved) => moved.c[contributions[id].k]]);
    if (gradient && head[0] === "o" && node) found.push([gradient, "", (moved) => moved.g[node.place]]);
    return found.map(([element, before, read]) => ({ element, before, read, text: element.textContent, fitted: element.getAttribute("textLength") }));
  });
  let wasMoved = false;
  function move() {
    if (!walk.moved && !wasMoved) return;
    wasMoved = Boolean(walk.moved);
    for (const { element, before, read, text, fitted } of texts) {
      const now = walk.moved ? before + written(read(walk.moved)) : text;
      if (element.textContent !== now) element.textContent = now;
      if (fitted && now === text) element.setAttribute("textLength", fitted);
      else element.removeAttribute("textLength");
    }
    root.classList.toggle("moved", wasMoved);
  }
  walk.refresh = () => {
    paint();
    move();
    fill();
    describe();
  };

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
  const valueOf = (node) => (walk.moved ? written(walk.moved.v[node.place]) : say(node.value));
  function fill() {
    const step = walk.step(), hidden = asking();
    data.nodes.forEach((node, i) => {
      const mine = step && (step.box || step.tail) === node.id, [name, value, gradient] = [...rows[i].children].map((cell) => cell.firstChild);
      value.textContent = (known[node.id] ?? never) > walk.at ? "–" : mine && step.box && hidden ? "?" : valueOf(node);
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
    if (id && !predict.on()) walk.whys.open(nodes[id]);
  };
  const askValue = (id) => ask(known[id]);
  const askGradient = (id) => ask(sums[id]?.at(-1)[0] ?? (nodes[id].output ? turn : 0), id);
  const soFar = (node) => {
    const text = (sums[node.id] || []).filter(([i]) => i <= walk.at).pop()?.[1] ?? (node.output && walk.at >= turn ? data.seed : "–");
    return walk.moved && text !== "–" ? written(walk.moved.g[node.place]) : say(text);
  };
  const about = (id) => {
    const node = nodes[id], step = data.steps[known[id] - 1], hidden = asking() && [walk.step().box, walk.step().tail].includes(id);
    if (hidden || known[id] > walk.at) return T("about.unknown", { name: node.name });
    const parts = step && step.formula && !walk.moved ? [node.name, step.formula, step.numbers, node.value] : [node.name, valueOf(node)];
    const said = [...new Set(parts)].join(" = ");
    return soFar(node) === "–" ? said : T("about.gradient", { said, gradient: soFar(node) });
  };
  const carried = (id, tail, head) => {
    const step = data.steps[flown[id] - 1], hidden = asking() && flown[id] === walk.at;
    if (hidden || flown[id] > walk.at) return T("about.unknown", { name: `${step?.e ? step.from : head} → ${step?.e ? step.to : tail}` });
    if (!step || !step.e) return T("about.seed", { from: head, to: tail, gradient: data.seed });
    return T("about.carried", { from: step.from, to: step.to, u: step.u, l: step.l, c: step.c });
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
    for (const id of new Set([...data.nodes.map((node) => node.id), ...data.links.flatMap(([, tail, head]) => [tail, head])])) {
      const node = boxOf(id);
      if (!node) continue;
      const act = () => (walk.computing.wondering(node) ? undefined : askGradient(node));  // it is dragged
      thing(part(id), known[node], () => about(node), act);
      if (part(id + "s")) thing(part(id + "s"), sums[node]?.at(-1)[0], () => about(node), act);
    }
    for (const [id, tail, head] of data.links) {
      const from = boxOf(tail), to = boxOf(head), words = () => carried(id, nameOf(from), nameOf(to)), back = () => ask(flown[id], from);
      const said = () => (from ? about(from) : T("word.constant")) + (to ? ` → ${nameOf(to)}` : "");
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
    const step = walk.step(), hot = step && part(step.e ? step.e + "b" : step.box);
    for (const each of things) {
      const words = each.words();
      if (each.said === words) continue;
      each.said = each.title.textContent = words;
    }
    if (!things.some(({ element }) => element === document.activeElement)) atThing(things.find(({ element }) => element === hot) || things[0]);
  }

  // The step in words.
  function cell(kind, name, number, math, means) {
    const element = make("div", "", "cell " + kind);
    element.append(make("div", name, "name"));
    const big = make("div", "", "big");
    if (number === null) big.append(predict.question());
    else big.append(say(number));
    element.append(big);
    if (math !== null) {
      element.append(formula(math));
      element.lastChild.className = "math";
    }
    if (means) element.append(make("div", means, "means"));
    return element;
  }
  function tellStep() {
    const step = walk.step(), hidden = asking(), parts = [], C = data.output;
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
      title(T("start.title", { output: C }), "");
      paragraph(T("start.forward", { n: String(data.forward), output: C }));
      paragraph(T("start.backward", { n: String(data.backward), output: C }));
      paragraph(make("span", T("start.keys"), "hint"));
    } else if (step.box) {
      title(T("forward.title", step), T("page.at", { n: String(step.n), total: String(data.total) }));
      if (!step.formula) {
        equation(cell("v", T("word.value"), step.value, null, T("forward.given")));
        paragraph(T("forward.goes", step));
      } else {
        equation(cell("", T("forward.computed"), step.numbers, step.math), make("b", "="), cell("v", T("word.value"), hidden ? null : step.value, null, T("forward.value", step)));
        parts.push(make("p", "", "said"));
      }
      if (walk.at === turn) paragraph(make("strong", T("turn.there") + " "), T(data.seed === "1" ? "turn.one" : "turn.seed", { output: C, seed: data.seed }));
    } else tellBackward(step, hidden, title, paragraph, equation, parts);
    if (walk.at === last && predict.scored() && !walk.printing) predict.total(paragraph);
    if (walk.at === last && data.part) paragraph(make("strong", say(data.part)));
    if (walk.at === last && data.problem) paragraph(make("strong", T("problem.stops") + " "), say(data.problem));
    box.replaceChildren(...parts);
  }
  function tellBackward(step, hidden, title, paragraph, equation, parts) {
    const C = data.output, { from, to } = step, [u, l, c] = step.exact, one = step.uses === 1;
    const blank = hidden ? predict.level() : -1, shown = hidden ? (blank === 2 ? null : "?") : step.c;
    title(T("backward.title", step), T("page.at", { n: String(step.n), total: String(data.total) }));
    const upstream = step.since ? T("backward.since", { n: String(step.since) }) : T("backward.start");
    const means = hidden && blank < 2 ? "" : hidden ? T(one ? "asks.moves" : "asks.moves.here", { a: C, b: to }) : T(one ? "moves.so" : "moves.so.here", { moves: moves(C, to, step.c, c) });
    equation(
      cell("u", upstream, blank === 0 ? null : step.u, step.mathU, blank === 0 ? T("asks.moves", { a: C, b: from }) : moves(C, from, step.u, u)),
      make("b", "×"),
      cell("", T("word.local"), blank === 1 ? null : step.l, blank === 1 ? step.because[0] : step.because, blank === 1 ? T("asks.moves", { a: from, b: to }) : moves(from, to, step.l, l)),
      make("b", "="),
      cell("c", one ? T("backward.gradient", { to }) : T("word.contribution"), shown, one ? step.mathC : null, means));
    parts.push(make("p", "", "said"));
    if (blank === 1) paragraph(formula(step.does), ".");
    else paragraph(T("backward.why", step) + " ", formula(step.does), T("backward.so"), [step.law, step.figures, step.law.endsWith(" = " + step.l) ? "" : step.l].filter(Boolean).join(" = ") + ".");
    if (step.hands && blank !== 1) paragraph(say(step.hands));
    if (step.bound && blank !== 1) paragraph(say(step.bound[1]));
    if (u === 0 && blank !== 0) paragraph(T("backward.zero", { output: C, from }));
    if (!one && !hidden) {
      const more = step.uses - step.arrived, sum = `${step.before} + ${held(step.c)} = ${step.after}`;
      paragraph(make("strong", T("backward.uses", { to, n: String(step.uses) }) + " "), formula(step.mathC), T(more ? "backward.sum.more" : "backward.sum.last", { sum, more: String(more) }));
    }
    if (step.n === data.total && !data.problem) paragraph(make("strong", T("backward.every")));
  }

  function render() {
    const at = walk.at, step = walk.step();
    slider.value = at;
    const said = step ? T("page.at", { n: String(step.n), total: String(data.total) }) : T("page.steps", { total: String(data.total) });
    where.textContent = said + (data.part && step ? T("page.here", { at: String(at), last: String(last) }) : "");
    slider.setAttribute("aria-valuetext", step ? `${said}: ${step.box ? step.name : `${step.from} → ${step.to}`}` : T("page.before"));
    for (const name of ["first", "back"]) find(`[data-go="${name}"]`).disabled = at === 0;
    for (const name of ["next", "last"]) find(`[data-go="${name}"]`).disabled = at === last;
    tellStep();
    walk.refresh();
    walk.whys?.whatNext();
    follow();
  }
  walk.render = render;

  // On paper nothing is asked; before the first step there is everything to see, as in the list of all steps.
  addEventListener("beforeprint", () => {
    walk.printing = true;
    render();
    if (walk.at) return;
    walk.at = last + 1;
    paint();
    fill();
    walk.at = 0;
  });
  addEventListener("afterprint", () => {
    walk.printing = false;
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
    const now = lines.filter((line) => stepsOf.get(line).includes(walk.at));
    for (const line of lines) {
      line.classList.toggle("hot", now.includes(line));
      line.tabIndex = line === (now[0] || lines[0]) ? 0 : -1;
    }
    find(".none").hidden = now.length > 0 || walk.at === 0;
    if (!now.length) return;
    const top = now[0].offsetTop, bottom = now.at(-1).offsetTop + now.at(-1).offsetHeight;
    if (top < listing.scrollTop || bottom > listing.scrollTop + listing.clientHeight) listing.scrollTop = (top + bottom - listing.clientHeight) / 2;
  }
  lines.forEach((line, i) => {
    line.addEventListener("click", () => go(stepsOf.get(line).find((step) => step > walk.at) ?? stepsOf.get(line)[0]));
    line.addEventListener("keydown", (event) => {
      const next = lines[i + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN)];
      if (next) {
        event.preventDefault();
        next.focus();
      }
    });
  });
  const go = (walk.go = (to) => {
    const target = Math.max(0, Math.min(last, to));
    if (target !== walk.at) {
      walk.at = target;
      render();
      address();
    }
  });
  // The address of a step: #step=27, of the second graph on a page #step2=27.
  const mine = Number(/\d+/.exec(data.prefix)[0]) + 1, [stepKey, orderKey] = ["step", "order"].map((word) => word + (mine > 1 ? mine : ""));
  const fragment = () => new URLSearchParams(location.hash.slice(1));
  function address() {
    const words = fragment();
    if (walk.at) words.set(stepKey, walk.step().n);
    else words.delete(stepKey);
    if (walk.order === "layer") words.set(orderKey, walk.order);
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
    const step = walk.step();
    walk.order = to;
    data.steps = orders[to];
    number();
    stepsOf = positions();
    find(".order").value = to;
    if (step && step.e) walk.at = places[step.e];
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
    play.dataset.t = "bar.play";
    play.textContent = T("bar.play");
    play.setAttribute("aria-pressed", false);
  };
  const tick = () => {
    go(walk.at + 1);
    if (walk.at === last || asking()) pause();
    else beat = setTimeout(tick, Number(find(".pace").value));
  };
  play.addEventListener("click", () => {
    if (beat) return pause();
    if (walk.at === last) go(0);
    play.dataset.t = "bar.pause";
    play.textContent = T("bar.pause");
    play.setAttribute("aria-pressed", true);
    beat = setTimeout(tick, Number(find(".pace").value));
  });
  root.addEventListener("pointerdown", (event) => event.target.closest(".play,.pace") || pause());
  root.addEventListener("keydown", (event) => event.target.closest(".play,.pace") || pause());
  const by = (to) => () => {
    pause();
    go(to());
  };
  const ways = { first: by(() => 0), back: by(() => walk.at - 1), next: by(() => walk.at + 1), last: by(() => last) };
  for (const button of root.querySelectorAll("[data-go]")) button.addEventListener("click", ways[button.dataset.go]);
  slider.addEventListener("input", () => go(Number(slider.value)));
  find(".predict").addEventListener("change", () => {
    find(".level").hidden = !predict.on();
    render();
  });
  find(".level").addEventListener("change", render);
  root.addEventListener("pointerdown", () => (walking.active = ways));
  root.addEventListener("focusin", () => (walking.active = ways));
  if (!walking.active) {
    walking.active = ways;
    const keys = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last" };
    document.addEventListener("keydown", (event) => {
      const input = document.querySelector(".cell input");
      if (input && /^[-−+.\d]$/.test(event.key) && event.target.tagName !== "INPUT") input.focus();
      const empty = event.target === input && !input.value;
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox" && !empty) return;
      event.preventDefault();
      walking.active[keys[event.key]]();
    });
  }

  // With a question open, the answer stands beside the picture, or below it while the picture stays in view.
  walk.beside = (panel) => {
    stage.classList.toggle("asking", [...root.querySelectorAll(".side details")].some((each) => each.open));
    if (!panel.open) return;
    side.scrollTop = panel.offsetTop;
    const room = picture.getBoundingClientRect(), place = panel.getBoundingClientRect(), top = root.getBoundingClientRect().top;
    if (place.left >= room.right) scrollBy(0, top < 0 || place.bottom > innerHeight ? top - 8 : 0);
    else if (place.top < room.height || place.top > room.height + 80) scrollBy(0, place.top - room.height - 8);
  };
  walk.whys = whys(walk);
  walk.computing = computing(walk, window.programs?.[mine - 1]);
  // The list of all steps, for paper and for readers without a script, says itself anew in another language.
  const lineOf = (step) => {
    if (step.e) return T("line.backward", { ...step, rule: data.rules[step.rule], added: held(step.c) });
    const computed = [...new Set([step.name, step.formula, step.numbers, step.value].filter(Boolean))].join(" = ");
    return T("line.forward", { computed, edited: step.edited ? ["line.edited", {}] : "" });
  };
  speakers.push(() => {
    respeak(root, data.slots);
    if (data.own) find("h2").textContent = say(data.own); // the first one is the graph's
    if (data.window) find("p.part").textContent = say(data.window);
    find(".steps").querySelectorAll("li").forEach((line, i) => (line.textContent = lineOf(orders.depth[i])));
    for (const hint of root.querySelectorAll(".side > .hint")) hint.textContent = say(hint.said);
    render();
    walk.whys.respoken();
    walk.computing.respoken();
  });

  askable();
  addEventListener("hashchange", arrive);
  const natural = Number(find("svg", picture).getAttribute("width"));
  root.style.setProperty("--least", Math.round(natural * 0.46) + "px");
  render();
  arrive();
}
for (const data of JSON.parse(document.getElementById("data").textContent)) walking(data);
