// Why: the chain rule with its numbers, along each path; which number matters most; why in this order.
function whys(walk) {
  const { data, find, part, make, shape, button, formula, written, held, nodes, picked } = walk;
  const picture = find(".picture"), why = find(".why"), rank = find(".rank"), turns = find(".turns");
  const tags = shape("g", { class: "tags" });
  find("svg > g", picture).append(tags);
  let asked = null, whose = [], shownPath = 0, by = 0;
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
      ? button("factor", () => walk.go(walk.places[factor.at] ?? walk.at), formula(factor.math), numberOf(i ? held(factor.l) : factor.l))
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
    for (const row of ["why.factor", "why.is", "why.so.far"]) {
      const th = make("th", T(row));
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
      if (factor.law !== "") law.append(formula(factor.law), " = ");
      law.append(factor.l);
      row.append(name, law, make("td", Number.isNaN(product) ? "" : written(product), "g"));
    }
    table.append(top, body);
    return table;
  }
  function bounds([numbers]) {
    const found = numbers.map((i) => data.factors[i]).filter((factor) => factor && factor.bound), said = found.map((factor) => say(factor.bound[1]));
    if (found.length > 1) {
      const x = found.reduce((all, factor) => all * factor.exact, 1), y = found.reduce((all, factor) => all * factor.bound[0], 1);
      said.push(T("why.bounds", { product: found.map((factor) => held(factor.l)).join(" × "), x: written(x), most: found.map((factor) => written(factor.bound[0])).join(" × "), y: written(y) }));
    }
    return [...new Set(said)];
  }
  function explain(node) {
    const answer = find(".why .answer"), reasons = data.why[node.id], parts = [], several = reasons.chains.length > 1;
    if (asked !== node) shownPath = 0;
    asked = node;
    for (const other of whose) other.setAttribute("aria-pressed", other.dataset.leaf === node.id);
    const first = reasons.chains[0], slots = { output: data.output, name: node.name, seed: data.seed, count: reasons.count, some: String(reasons.chains.length) };
    const kind = node.output ? (data.seed === "1" ? "itself" : "itself.seed") : !first ? "none" : reasons.count === "1" ? "one" : reasons.all ? "many" : "largest";
    parts.push(make("p", T("why." + kind, slots)));
    const detail = make("div", "", "detail");
    const show = (i) => {
      shownPath = i;
      const table = reasons.chains[i][0].length ? [factorsOf(reasons.chains[i])] : [];
      detail.replaceChildren(...table, ...bounds(reasons.chains[i]).map((text) => make("p", text, "bound")));
      light(reasons.chains[i][0]);
      for (const element of choices) element.setAttribute("aria-pressed", element === choices[i]);
    };
    const choices = several ? reasons.chains.map((each, i) => button("choose", () => show(i), T("why.path", { n: String(i + 1), product: each[1] }))) : [];
    reasons.chains.forEach((each, i) => {
      parts.push(spelled(each, i ? [signOf("+")] : [formula(node.math), signOf("=")], choices[i]));
    });
    if (reasons.all && several) parts.push(make("p", T("why.together", { sum: reasons.sum, total: reasons.total, name: node.name })));
    else if (!reasons.all) parts.push(make("p", T("why.upwards", { count: reasons.count, name: node.name, total: reasons.total, gradient: reasons.gradient })));
    answer.replaceChildren(...parts, detail);
    if (first) show(Math.min(shownPath, reasons.chains.length - 1));
    else light([]);
  }
  // The lit path, with the factors along it.
  const light = (numbers) => {
    const chain = numbers.map((i) => data.factors[i]).filter(Boolean);
    walk.path = new Set(chain.flatMap((factor) => factor.edges));
    walk.paint();
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
    const ready = walk.readyNow().map((node) => node.name).join(", "), parts = [make("p", T("order.rule"))];
    parts.push(make("p", walk.at < walk.turn ? T("order.wait", { output: data.output }) : ready ? T(data.part ? "order.ready.here" : "order.ready", { names: ready }) : T("order.done")));
    if (walk.orders.layer) parts.push(make("p", T("order." + walk.order, { output: data.output })));
    find(".turns .answer").replaceChildren(...parts);
  }
  if (data.leaves.length) {
    whose = picked(find(".why .pick"), data.leaves, (leaf) => explain(nodes[leaf.id]));
    why.addEventListener("toggle", () => {
      if (why.open && !asked) explain(nodes[walk.step()?.tail] || nodes[data.leaves[0].id]);
      else if (!why.open) {
        asked = null;
        light([]);
      }
      walk.beside(why);
    });
  } else why.replaceWith(Object.assign(make("p", say(data.noWhy), "hint"), { said: data.noWhy }));

  // Which number matters most: by how much the output moves with it, or by how much of the output it carries.
  const rounded = (factor) => held(factor.exact === null ? factor.l : written(Number(factor.exact.toPrecision(3))));
  function ranking() {
    const amount = (leaf) => (by ? leaf.exact[1] * leaf.exact[0] : leaf.exact[1]), size = (leaf) => Math.abs(amount(leaf));
    const leaves = data.leaves.filter((leaf) => Number.isFinite(size(leaf)) && leaf.exact.every((x) => x !== null)).sort((a, b) => size(b) - size(a));
    const most = size(leaves[0] || { exact: [0, 0] }) || 1, parts = [], choose = make("div", "", "pick");
    ["rank.by.gradient", "rank.by.both"].forEach((row, i) => {
      const element = button("", () => {
        by = i;
        ranking();
      }, T(row));
      element.setAttribute("aria-pressed", i === by);
      choose.append(element);
    });
    parts.push(choose, make("p", T(by ? "rank.both" : "rank.gradient", { output: data.output })));
    const list = make("ol", "", "bars");
    for (const leaf of leaves) {
      const row = make("li"), bar = make("span", "", "amount"), first = data.why[leaf.id].chains[0], count = data.why[leaf.id].count;
      bar.style.width = (100 * size(leaf)) / most + "%";
      const text = by ? `${leaf.gradient} × ${held(leaf.value)} = ${written(amount(leaf))}` : leaf.gradient;
      const product = first && first[0].map((i) => (i === null ? "…" : rounded(data.factors[i]))).join(" × ");
      row.append(button("name", () => open(nodes[leaf.id]), leaf.name), make("span", text, "n"), bar,
        make("small", !first ? T("rank.none") : count === "1" ? product : T("rank.paths", { count, product })));
      list.append(row);
    }
    parts.push(list);
    const families = new Map();
    for (const leaf of leaves) {
      const base = leaf.name.replace(/[₀-₉\d]+$/, "");
      if (base && base !== leaf.name) families.set(base, [...(families.get(base) || []), leaf]);
    }
    const ways = (leaf) => {
      const chain = data.why[leaf.id].chains[0]?.[0] ?? [], some = chain.filter((i) => data.factors[i]?.bound).length;
      return T(some ? "rank.squashing" : "rank.factors", { n: String(chain.length), some: String(some) });
    };
    for (const [base, family] of families) {
      if (family.length < 2) continue;
      const top = family[0], end = family.at(-1);
      const said = T(ways(top) === ways(end) ? "rank.ways.same" : "rank.ways", { output: data.output, ways: ways(top), others: ways(end), end: end.name });
      const row = size(top) === size(end) ? "rank.alike" : size(end) ? "rank.family" : "rank.family.zero";
      parts.splice(2, 0, make("p", T(row, { base, top: top.name, end: end.name, times: written(size(top) / size(end)), ways: said })));
    }
    find(".rank .answer").replaceChildren(...parts);
  }
  if (data.leaves.length > 1) {
    rank.addEventListener("toggle", () => {
      if (rank.open && !find(".rank ol")) ranking();
      walk.beside(rank);
    });
  } else rank.remove();
  turns.addEventListener("toggle", () => walk.beside(turns));
  function open(node) {
    if (!data.why[node.id]) return;
    explain(node);
    if (why.open) walk.beside(why);
    else why.open = true;
  }
  function respoken() {
    if (asked) explain(asked);
    if (find(".rank ol")) ranking();
  }
  return { open, whatNext, respoken, asked: () => asked };
}
