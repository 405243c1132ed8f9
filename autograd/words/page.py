"""The words of pages, most of which its script says. A row is (English, Korean)."""

from __future__ import annotations

ROWS: dict[str, tuple[str, ...]] = {
    # The page, and the bar above the picture.
    "page.title": ("{name}, step by step", "{name}, 한 단계씩"),
    "page.and": ("{one} and {other}", "{one}, {other}"),
    "page.language": ("language", "언어"),
    "page.remarks": ("What to notice", "눈여겨볼 것"),
    "page.words": ("{name}, {at}, in words", "{name}, {at}, 글로 보기"),
    "page.caption": ("{name}, {at}", "{name}, {at}"),
    "page.at": ("step {n} of {total}", "{total}단계 중 {n}단계"),
    "page.every": ("all {total} steps", "전체 {total}단계"),
    "page.some": ("{count} of {total} steps", "전체 {total}단계 중 {count}단계"),
    "page.here": (" ({at} of {last} here)", " (여기서는 {last}단계 중 {at}단계)"),
    "page.steps": ("{total:step|steps}", "{total}단계"),
    "page.before": ("before the first step", "첫 단계 전"),
    "page.list": ("Step by step", "한 단계씩"),
    "page.step": ("step", "단계"),
    "page.way": ("way", "방향"),
    "page.happens": ("what happens", "무엇을 하나"),
    "name.steps": ("steps of {title}", "단계: {title}"),
    "name.bar": ("go through the steps of {title}", "단계 오가기: {title}"),
    "name.picture": ("picture of {title}", "그림: {title}"),
    "name.graph": ("the graph of {title}", "계산 그래프: {title}"),
    "name.numbers": ("numbers of {title} so far", "지금까지의 수: {title}"),
    "name.program": ("program of {title}", "프로그램: {title}"),
    "name.of": ("{title}, {number}", "{title}, {number}"),
    "bar.first": ("first", "처음"),
    "bar.back": ("back", "이전"),
    "bar.next": ("next", "다음"),
    "bar.last": ("last", "끝"),
    "bar.left": ("arrow left", "왼쪽 화살표"),
    "bar.right": ("arrow right", "오른쪽 화살표"),
    "bar.play": ("play", "재생"),
    "bar.pause": ("pause", "멈춤"),
    "bar.pace": ("pace", "속도"),
    "bar.seconds": ("{n} s", "{n}초"),
    "bar.order": ("back", "역전파"),
    "bar.depth": ("depth first", "깊이 우선"),
    "bar.layer": ("layer by layer", "층마다"),
    "bar.predict": ("predict first", "먼저 맞혀 보기"),
    "bar.level": ("ask for", "물을 것"),
    "word.node": ("node", "노드"),
    "word.value": ("value", "값"),
    "word.gradient": ("gradient", "기울기"),
    "word.gradient.of": ("gradient of {output}", "{output}의 기울기"),
    "word.upstream": ("upstream gradient", "상류에서 온 기울기"),
    "word.local": ("local derivative", "국소적 미분"),
    "word.product": ("product", "곱"),
    "word.contribution": ("contribution", "기여분"),
    "word.constant": ("a constant", "상수"),
    "page.part": (
        "The picture shows {shown} of {total:node|nodes}, and the page has the {here:step|steps} of these, of {steps} in all."
        " For another part, jump there and show it again.",
        "그림은 전체 노드 {total}개 중 {shown}개를 보여 주고, 이 페이지에는 전체 {steps}단계 중 그 노드들의 {here}단계가 있습니다."
        " 다른 부분을 보려면 그 단계로 가서 다시 보여 주세요.",
    ),
    "page.part.end": ("it is the last of all", "전체의 마지막이기도 합니다"),
    "page.part.more": (
        "this is not the end: {more:step comes|steps come} after it",
        "끝은 아닙니다. 이 뒤로 {more}단계가 더 있습니다",
    ),
    "page.part.last": (
        "The last step on this page, and {rest}. The page shows {here} of {total} steps.",
        "이 페이지의 마지막 단계이며, {rest}. 이 페이지는 전체 {total}단계 중 {here}단계를 보여 줍니다.",
    ),
    "program.hint": (
        "The same as a program: the lines of this step are marked, and a click on a line goes to its step.",
        "같은 것을 프로그램으로: 이 단계의 줄이 표시되어 있고, 줄을 누르면 그 단계로 갑니다.",
    ),
    "program.none": (
        "This step has no line of its own: nothing is left for the program to do.",
        "이 단계에는 따로 줄이 없습니다. 프로그램이 할 일이 남아 있지 않습니다.",
    ),
    "program.picture": ("picture of the program", "프로그램의 그림"),
    "program.lines": ("lines of the program", "프로그램의 줄"),
    "program.line": ("line", "줄"),
    "program.formula": ("what it computes", "계산하는 것"),
    "program.keys": (
        "Point at a line or at a name in the picture, or go from line to line with Tab and the arrow keys ↑ ↓:"
        " the same node is marked in both.",
        "줄이나 그림 속 이름을 가리키거나, Tab과 화살표 키 ↑ ↓로 줄을 오가면 같은 노드가 양쪽에 표시됩니다.",
    ),
    # What a pointer resting on something says.
    "about.computed": ("{name} = {formula} = {numbers} = {value}", "{name} = {formula} = {numbers} = {value}"),
    "about.gradient": ("{said}, gradient {gradient}", "{said}, 기울기 {gradient}"),
    "about.unknown": ("{name}: not yet known", "{name}: 아직 모름"),
    "about.carried": (
        "{from} → {to}: upstream gradient {u} × local derivative {l} = {c}",
        "{from} → {to}: 상류에서 온 기울기 {u} × 국소적 미분 {l} = {c}",
    ),
    "about.seed": ("{from} → {to}: gradient {gradient}", "{from} → {to}: 기울기 {gradient}"),
    # The step in words.
    "start.title": ("How does {output} come about, and what moves it?", "{output:은} 어떻게 계산되고, 무엇이 {output:을} 움직이는가?"),
    "start.forward": (
        "First forward: {n:step|steps}, one for each number, up to {output}.",
        "먼저 순전파: {n}단계, 수 하나에 한 단계씩 {output}까지 갑니다.",
    ),
    "start.backward": (
        "Then backward: {n:step|steps}, one for each arrow. Each says how much {output} moves when a number moves a little."
        " That is the number's gradient.",
        "그다음 역전파: {n}단계, 화살표 하나에 한 단계씩입니다. 각 단계는 어떤 수가 조금 움직일 때 {output:이} 얼마나"
        " 움직이는지 말해 줍니다."
        " 그것이 그 수의 기울기입니다.",
    ),
    "start.keys": (
        "Arrow keys ← → or the buttons go from step to step, Home and End to either end."
        " “Predict first” hides each new number until you have said it.",
        "화살표 키 ← → 또는 단추로 한 단계씩 오가고, Home과 End로 양 끝에 갑니다."
        " “먼저 맞혀 보기”는 새로 나올 수를 직접 말할 때까지 숨깁니다.",
    ),
    "forward.title": ("Forward: {name}", "순전파: {name}"),
    "forward.given": ("given: there is nothing to compute", "주어진 값: 계산할 것이 없습니다"),
    "forward.goes": ("{name} goes into the calculation as {value}.", "{name}의 값 {value:이} 계산에 들어갑니다."),
    "forward.computed": ("computed as", "계산"),
    "forward.value": ("the value of {name}", "{name}의 값"),
    "turn.there": ("All numbers are there. Now the other way round:", "모든 수를 얻었습니다. 이제 거꾸로 갑니다."),
    "turn.one": (
        "how much does {output} move when a number moves a little? {output} itself is easy: it moves exactly as much as itself,"
        " so its own gradient is 1. From there the gradients flow back along the arrows.",
        "어떤 수가 조금 움직이면 {output:은} 얼마나 움직일까요? {output} 자신은 쉽습니다. 자기 자신과 똑같이 움직이므로 기울기는 1입니다."
        " 거기서부터 기울기가 화살표를 따라 거꾸로 흐릅니다.",
    ),
    "turn.seed": (
        "how much does {output} move when a number moves a little? {output} itself is easy: it moves exactly as much as itself,"
        " times the {seed} that came from upstream. From there the gradients flow back along the arrows.",
        "어떤 수가 조금 움직이면 {output:은} 얼마나 움직일까요? {output} 자신은 쉽습니다. 자기 자신과 똑같이 움직이고, 거기에 상류에서 온"
        " {seed:을} 곱합니다. 거기서부터 기울기가 화살표를 따라 거꾸로 흐릅니다.",
    ),
    "backward.title": ("Backward: from {from} to {to}", "역전파: {from} → {to}"),
    "backward.since": ("upstream gradient, complete since step {n}", "상류에서 온 기울기, {n}단계에서 완성됨"),
    "backward.start": ("upstream gradient, where it all starts", "상류에서 온 기울기, 여기서 시작"),
    "backward.gradient": ("gradient of {to}", "{to}의 기울기"),
    "moves.same": ("{a} moves exactly as much as {b}", "{a:은} {b:과} 똑같이 움직입니다"),
    "moves.against": ("{a} moves exactly as much, but the other way, as {b}", "{a:은} {b:과} 똑같이, 그러나 반대로 움직입니다"),
    "moves.not": ("{a} moves not at all with {b}", "{b:이} 움직여도 {a:은} 움직이지 않습니다"),
    "moves.times": ("{a} moves {n} times as much as {b}", "{a:은} {b}의 {n}배만큼 움직입니다"),
    "moves.times.against": ("{a} moves {n} times as much, but the other way, as {b}", "{a:은} {b}의 {n}배만큼, 그러나 반대로 움직입니다"),
    "moves.so": ("so {moves}", "그래서 {moves}"),
    "moves.so.here": ("so {moves}, along this arrow", "그래서 이 화살표를 따라 {moves}"),
    "asks.moves": ("How much does {a} move with {b}?", "{b:이} 움직이면 {a:은} 얼마나 움직일까요?"),
    "asks.moves.here": ("How much does {a} move with {b} along this arrow?", "이 화살표를 따라, {b:이} 움직이면 {a:은} 얼마나 움직일까요?"),
    "backward.why": ("Why {l}?", "왜 {l}인가?"),
    "backward.so": (", so ", ", 따라서 "),
    "backward.zero": (
        "An upstream gradient of 0 hands nothing on: {output} does not move with {from}.",
        "상류에서 온 기울기가 0이면 아무것도 넘겨주지 않습니다. {from:이} 움직여도 {output:은} 움직이지 않습니다.",
    ),
    "backward.uses": (
        "{to} is used in {n} places, so its contributions add up:",
        "{to:은} {n}곳에서 쓰이므로, 기여분을 더합니다:",
    ),
    "backward.sum.last": (
        " so far is {sum}. That was the last: its gradient is complete.",
        " = 지금까지 {sum}. 이것이 마지막이므로 기울기가 완성되었습니다.",
    ),
    "backward.sum.more": (" so far is {sum}; {more} more to come.", " = 지금까지 {sum}. 앞으로 {more}개가 더 옵니다."),
    "backward.every": ("Every gradient is there.", "모든 기울기를 얻었습니다."),
    "problem.stops": ("Here the sweep stops:", "여기서 역전파가 멈춥니다:"),
    "hands.add": (
        "The sum. It hands the upstream gradient on unchanged.",
        "덧셈은 상류에서 온 기울기를 그대로 흘려보냅니다.",
    ),
    "hands.multiply": (
        "The product. It hands each operand the other's value times the upstream gradient.",
        "곱셈은 상류에서 온 기울기에 상대편의 값을 곱해 넘겨줍니다.",
    ),
    # Predicting.
    "predict.answer": ("your prediction", "예측한 값"),
    "predict.show": ("show", "보기"),
    "predict.number": ("A number, please, such as 2.5", "2.5와 같은 수를 적어 주세요"),
    "predict.right": ("Right: {reason}", "맞았습니다: {reason}"),
    "predict.digits": ("Right, to the digits given: {reason}", "적은 자릿수까지 맞았습니다: {reason}"),
    "predict.rounded": (
        "Right with rounded numbers, {a} and {b}. With all digits: {reason}",
        "반올림한 수 {a:과} {b:으로} 계산하면 맞습니다. 모든 자릿수로는: {reason}",
    ),
    "predict.sign": ("Not {x}. The size is right, the sign is not.", "{x:은} 아닙니다. 크기는 맞고 부호가 틀렸습니다."),
    "predict.not": ("Not {x}. {why}", "{x:은} 아닙니다. {why}"),
    "reason.upstream": ("{moves}: {u}", "{moves}: {u}"),
    "up.local": (
        "That is the local derivative: how {from} moves. Asked is how {output} moves with {from}.",
        "그것은 국소적 미분, 곧 {from:이} 움직이는 비율입니다. 묻는 것은 {from:이} 움직일 때 {output:이} 얼마나 움직이는가입니다.",
    ),
    "up.product": (
        "That is what goes on to {to}. Asked is what has come to {from}.",
        "그것은 {to:으로} 넘어가는 것입니다. 묻는 것은 {from}에 온 것입니다.",
    ),
    "up.table": (
        "The upstream gradient is the gradient of {from}; it stands in the table.",
        "상류에서 온 기울기는 {from}의 기울기이며, 표에 있습니다.",
    ),
    "up.table.since": (
        "The upstream gradient is the gradient of {from}; it stands in the table, complete since step {n}.",
        "상류에서 온 기울기는 {from}의 기울기이며, {n}단계에서 완성되어 표에 있습니다.",
    ),
    "local.upstream": (
        "That is the upstream gradient. Asked is how {from} itself moves with {to}.",
        "그것은 상류에서 온 기울기입니다. 묻는 것은 {to:이} 움직일 때 {from} 자신이 얼마나 움직이는가입니다.",
    ),
    "local.product": (
        "That is the product already. Asked is how {from} itself moves with {to}, before it is multiplied by the upstream gradient.",
        "그것은 이미 곱한 것입니다. 묻는 것은 상류에서 온 기울기를 곱하기 전에, {to:이} 움직일 때 {from} 자신이 얼마나 움직이는가입니다.",
    ),
    "local.own": (
        "That is the value of {to} itself. Asked is how {from} moves with it: {law}.",
        "그것은 {to} 자신의 값입니다. 묻는 것은 그것이 움직일 때 {from:이} 얼마나 움직이는가입니다: {law}.",
    ),
    "local.law": (
        "How much does {from} move when {to} moves a little? {law}.",
        "{to:이} 조금 움직이면 {from:은} 얼마나 움직일까요? {law}.",
    ),
    "wrong.sum": ("That is a sum; here the two are multiplied.", "그것은 합입니다. 여기서는 둘을 곱합니다."),
    "wrong.product": ("That is a product; here the two are added.", "그것은 곱입니다. 여기서는 둘을 더합니다."),
    "wrong.work": ("{name} = {formula}, so work out {numbers}.", "{name} = {formula}. {numbers:을} 계산하세요."),
    "wrong.upstream": (
        "That is the upstream gradient alone; {moves}. Multiply the two.",
        "그것은 상류에서 온 기울기뿐입니다. {moves}. 둘을 곱하세요.",
    ),
    "wrong.local": (
        "That is the local derivative alone: how {from} moves. For {output}, multiply by the upstream gradient, {u}.",
        "그것은 국소적 미분, 곧 {from:이} 움직이는 비율뿐입니다. {output}에 대해서는 상류에서 온 기울기 {u:을} 곱하세요.",
    ),
    "wrong.added": (
        "That is the sum. Along one way, rates are multiplied: {product}.",
        "그것은 합입니다. 한 길을 따라서는 비율을 곱합니다: {product}.",
    ),
    "wrong.all": (
        "That is the sum of all contributions so far. Asked is what this arrow alone brings: {product}.",
        "그것은 지금까지의 기여분을 모두 더한 것입니다. 묻는 것은 이 화살표 하나의 기여분입니다: {product}.",
    ),
    "wrong.quotient": ("That is a quotient. Rates are multiplied: {product}.", "그것은 나눈 것입니다. 비율은 곱합니다: {product}."),
    "wrong.own": (
        "That is upstream times the value of {to} itself. The rule says {law}, which is {l}.",
        "그것은 상류에서 온 기울기에 {to} 자신의 값을 곱한 것입니다. 규칙은 {law}, 곧 {l:이라}고 합니다.",
    ),
    "wrong.multiply": (
        "Upstream is {u}, and the local derivative {law} is {l} here. Multiply the two.",
        "상류에서 온 기울기는 {u}, 국소적 미분은 {law}, 여기서는 {l}입니다. 둘을 곱하세요.",
    ),
    "score": (
        "Score: {right} of {all} right, {first} at the first try, {shown} shown.",
        "점수: {all}개 중 {right}개 맞음, 그중 한 번에 {first}개, 보고 넘어간 것 {shown}개.",
    ),
    "score.again": ("start over", "다시 시작"),
    # Why.
    "why.title": ("Why this gradient? The chain rule", "왜 이 기울기인가? 연쇄법칙"),
    "why.whose": ("whose gradient", "누구의 기울기"),
    "why.itself": ("{output} moves exactly as much as itself.", "{output:은} 자기 자신과 똑같이 움직입니다."),
    "why.itself.seed": (
        "{output} moves exactly as much as itself; here that is multiplied by the seed, {seed}.",
        "{output:은} 자기 자신과 똑같이 움직입니다. 여기서는 거기에 시작 기울기 {seed:을} 곱합니다.",
    ),
    "why.none": (
        "{output} does not depend on {name}: there is no path, and the gradient is 0.",
        "{output:은} {name}에 달려 있지 않습니다. 경로가 없으므로 기울기는 0입니다.",
    ),
    "why.one": (
        "Chain rule: {output} depends on {name} along 1 path. Along a path the factors are multiplied.",
        "연쇄법칙: {output:은} 경로 1개를 따라 {name}에 달려 있습니다. 경로를 따라서는 인수를 곱합니다.",
    ),
    "why.many": (
        "Chain rule: {output} depends on {name} along {count} paths."
        " Along a path the factors are multiplied; over paths the products are added.",
        "연쇄법칙: {output:은} 경로 {count}개를 따라 {name}에 달려 있습니다. 경로를 따라서는 인수를 곱하고, 경로끼리는 그 곱을 더합니다.",
    ),
    "why.largest": (
        "Chain rule: {output} depends on {name} along {count} paths; here are the largest {some}."
        " Along a path the factors are multiplied; over paths the products are added.",
        "연쇄법칙: {output:은} 경로 {count}개를 따라 {name}에 달려 있고, 여기 있는 것은 가장 큰 {some}개입니다."
        " 경로를 따라서는 인수를 곱하고, 경로끼리는 그 곱을 더합니다.",
    ),
    "why.path": ("path {n}: {product}", "경로 {n}: {product}"),
    "why.together": ("Together: {sum} = {total}, the gradient of {name}.", "모두 더하면: {sum} = {total}, {name}의 기울기입니다."),
    "why.upwards": (
        "All {count} paths together, added up from {name} upwards: {total}. The sweep says {gradient}.",
        "경로 {count}개 전부를 {name}에서 위로 더하면 {total}입니다. 역전파로는 {gradient}입니다.",
    ),
    "why.factor": ("factor", "인수"),
    "why.is": ("which is", "그 식과 값"),
    "why.so.far": ("product so far", "여기까지의 곱"),
    "why.bounds": ("Together: {product} = {x}, of at most {most} = {y}.", "합쳐서: {product} = {x}, 아무리 커도 {most} = {y}입니다."),
    "bound.sigmoid": (
        "{name} is a sigmoid: its slope {slope} is at most 0.25, where {name} = 0.5. Here it is {local}, {share} % of that.",
        "{name:은} 시그모이드입니다. 그 기울기 {slope:은} 아무리 커도 0.25이며, {name} = 0.5일 때입니다."
        " 여기서는 {local}, 그 {share} %입니다.",
    ),
    "bound.tanh": (
        "{name} is a tanh: its slope {slope} is at most 1, where {name} = 0. Here it is {local}, {share} % of that.",
        "{name:은} 쌍곡탄젠트(tanh)입니다. 그 기울기 {slope:은} 아무리 커도 1이며, {name} = 0일 때입니다."
        " 여기서는 {local}, 그 {share} %입니다.",
    ),
    "bound.softmax": (
        "{name} is a softmax: its slopes, y·(1 − y) and −y·y′, are at most 0.25 in size. Here it is {local}, {share} % of that.",
        "{name:은} 소프트맥스입니다. 그 기울기 y·(1 − y)와 −y·y′의 크기는 아무리 커도 0.25입니다. 여기서는 {local}, 그 {share} %입니다.",
    ),
    "no.why.problem": (
        "There is no why and no what if, for the sweep stops before every gradient is there.",
        "역전파가 모든 기울기를 얻기 전에 멈추므로, 이유도 가정도 보여 줄 수 없습니다.",
    ),
    "no.why.size": (
        "Why and what if are worked out for graphs of up to {most} nodes; this one has {count}.",
        "이유와 가정은 노드 {most}개까지의 그래프에서만 계산합니다. 이 그래프에는 {count}개가 있습니다.",
    ),
    "no.why.leaves": (
        "Why and what if are about numbers that go in, and there are none in this part of the graph.",
        "이유와 가정은 들어가는 수에 관한 것인데, 그래프의 이 부분에는 그런 수가 없습니다.",
    ),
    # Which matters most.
    "rank.title": ("Which number matters most?", "어떤 수가 가장 중요한가?"),
    "rank.by.gradient": ("by gradient", "기울기로"),
    "rank.by.both": ("by gradient × value", "기울기 × 값으로"),
    "rank.gradient": (
        "Gradient: how much {output} changes for each 1 that a number changes by.",
        "기울기: 어떤 수가 1만큼 변할 때마다 {output:이} 변하는 정도.",
    ),
    "rank.both": (
        "Gradient × value: about how much {output} changes when a number changes by 100 % of itself.",
        "기울기 × 값: 어떤 수가 자신의 100 %만큼 변할 때 {output:이} 변하는 대략의 정도.",
    ),
    "rank.none": ("no path", "경로 없음"),
    "rank.paths": ("{count} paths, the largest {product}", "경로 {count}개, 가장 큰 것 {product}"),
    "rank.alike": ("All of {base}₁, {base}₂, … matter alike.", "{base}₁, {base}₂, …는 모두 똑같이 중요합니다."),
    "rank.family": (
        "Of {base}₁, {base}₂, …: {top} matters most, {times} times as much as {end}. {ways}",
        "{base}₁, {base}₂, … 중에서는 {top:이} 가장 중요하며, {end}의 {times}배입니다. {ways}",
    ),
    "rank.family.zero": (
        "Of {base}₁, {base}₂, …: {top} matters most, {end} not at all. {ways}",
        "{base}₁, {base}₂, … 중에서는 {top:이} 가장 중요하고, {end:은} 아무 영향이 없습니다. {ways}",
    ),
    "rank.ways.same": ("The ways of both to {output} have {ways}.", "둘 다 {output}까지 가는 길에 {ways:이} 있습니다."),
    "rank.ways": (
        "Its way to {output} has {ways}; that of {end} has {others}.",
        "{output}까지 가는 길에 {ways:이} 있고, {end}의 길에는 {others:이} 있습니다.",
    ),
    "rank.factors": ("{n:factor|factors}", "인수 {n}개"),
    "rank.squashing": ("{n:factor|factors}, {some} of them squashing", "인수 {n}개(그중 누르는 함수 {some}개)"),
    # The order.
    "order.title": ("Why in this order?", "왜 이 순서인가?"),
    "order.rule": (
        "Forward, a number comes after those it is computed from. Backward, it is the other way round: any order is right in which a node"
        " comes after all that it feeds, for only then is its gradient complete and can be handed on.",
        "순전파에서는 어떤 수를 계산하는 데 쓰이는 수들이 먼저 나옵니다. 역전파에서는 반대입니다."
        " 어떤 노드가 자신이 값을 대 준 모든 노드보다"
        " 뒤에 오기만 하면 어떤 순서든 옳습니다. 그때에야 기울기가 완성되어 넘겨줄 수 있기 때문입니다.",
    ),
    "order.wait": ("Backward begins when {output} is there.", "역전파는 {output:을} 얻은 다음에 시작합니다."),
    "order.ready": (
        "Ready now: {names}. Whichever of them goes next, the gradients will be the same.",
        "지금 준비된 것: {names}. 그중 어느 것이 다음이든 기울기는 같습니다.",
    ),
    "order.ready.here": (
        "Ready now, of those here: {names}. Whichever of them goes next, the gradients will be the same.",
        "여기 있는 것 중 지금 준비된 것: {names}. 그중 어느 것이 다음이든 기울기는 같습니다.",
    ),
    "order.done": ("Everything is handed on.", "모두 넘겨주었습니다."),
    "order.depth": (
        "These steps go depth first, as the program does: one operand to its end before the next. Lectures go layer by layer;"
        " choose it above.",
        "이 단계들은 프로그램처럼 깊이 우선으로 갑니다. 한 피연산자를 끝까지 간 다음 다른 쪽으로 갑니다. 강의에서는 층마다 갑니다."
        " 위에서 고를 수 있습니다.",
    ),
    "order.layer": (
        "These steps go layer by layer, as lectures do: what is equally far from {output} together.",
        "이 단계들은 강의처럼 층마다 갑니다. {output}에서 같은 거리에 있는 것끼리 함께 갑니다.",
    ),
    # What if.
    "what.title": ("What if a number were different?", "어떤 수가 달랐다면?"),
    "what.pick": ("a number that goes in", "들어가는 수"),
    "what.instead": ("{name}, instead of {value}", "{value} 대신의 {name}"),
    "what.plot": (
        "change of {output} when {name} changes: the truth as a curve, the prediction as a straight line",
        "{name:이} 변할 때 {output}의 변화: 참값은 곡선, 예측은 직선",
    ),
    "what.at": ("{value} → {now}   ({change})", "{value} → {now}   ({change})"),
    "what.predicted": ("predicted change", "예측한 변화"),
    "what.predicted.at": (
        "gradient × change = {gradient} × {d} = {change}",
        "기울기 × 변화 = {gradient} × {d} = {change}",
    ),
    "what.predicted.to": (
        "gradient × change = {gradient} × {d} = {change}, so {before} → {after}",
        "기울기 × 변화 = {gradient} × {d} = {change}, 따라서 {before} → {after}",
    ),
    "what.true": ("true change", "참 변화"),
    "what.true.at": ("{before} → {after}   ({change})", "{before} → {after}   ({change})"),
    "what.none": ("there is none: the calculation is not defined here", "없음: 여기서는 계산이 정의되지 않습니다"),
    "what.prediction": ("the prediction", "예측은"),
    "what.drag": ("drag the slider, or the number in the picture", "슬라이더나 그림 속의 수를 끌어 보세요"),
    "what.exact": ("is exact: nothing bends here", "정확합니다. 여기서는 굽은 곳이 없습니다"),
    "what.misses": ("misses by {x}: the gradient holds for small changes", "{x}만큼 빗나갑니다. 기울기는 작은 변화에서만 맞습니다"),
    "what.as.is": ("as it is", "있는 그대로"),
    "what.hint": (
        "Blue is the truth, computed by running the whole calculation again; orange and dashed is the prediction from the gradient alone."
        " The numbers of the picture and of the table move along.",
        "파란 선은 계산 전체를 다시 해서 얻은 참값이고, 주황 점선은 기울기만으로 한 예측입니다. 그림과 표의 수도 함께 움직입니다.",
    ),
    "no.what.seed": (
        "What if is there for a seed of 1: with {seed}, gradient × change is not the change of the output.",
        "가정은 시작 기울기가 1일 때만 있습니다. {seed}에서는 기울기 × 변화가 출력의 변화가 아닙니다.",
    ),
    "no.what.edited": (
        "There is no what if: a number was edited since it was recorded, and the page would compute others.",
        "기록한 뒤에 고친 수가 있어 페이지가 계산하면 다른 수가 나오므로 가정할 수 없습니다.",
    ),
    "no.what.finite": ("There is no what if: the numbers are not finite.", "수가 유한하지 않아 가정할 수 없습니다."),
    "no.what.row": (
        "There is no what if: {op} has no form in JavaScript, so the page cannot compute by itself.",
        "연산 {op}의 자바스크립트 꼴이 없어, 페이지가 스스로 계산할 수 없으므로 가정할 수 없습니다.",
    ),
    # The step of learning.
    "learn.title": ("Take the step: w ← w − η·∂{output}/∂w", "한 걸음 배우기: w ← w − η·∂{output}/∂w"),
    "learn.rate": ("learning rate η", "학습률 η"),
    "learn.hint": (
        "Every parameter takes one step against its gradient. For a small step {output} falls by η·‖∇‖²; how good that prediction is,"
        " the true change says.",
        "모든 매개변수가 기울기의 반대 방향으로 한 걸음 갑니다. 걸음이 작으면 {output:은} η·‖∇‖²만큼 줄어듭니다."
        " 그 예측이 얼마나 맞는지는 참 변화가 말해 줍니다.",
    ),
    "learn.which": ("what learns", "배우는 수"),
    "learn.parameter": ("parameter", "매개변수"),
    "learn.old": ("old", "이전 값"),
    "learn.new": ("new", "새 값"),
    "learn.predicted": ("predicted change of {output}", "{output}의 예측한 변화"),
    "learn.predicted.at": ("−η‖∇‖² = −{rate} × {square} = {change}", "−η‖∇‖² = −{rate} × {square} = {change}"),
    "learn.true": ("true change", "참 변화"),
    "learn.step": ("take the step", "한 걸음"),
    "learn.steps": ("take {n} steps", "{n}걸음"),
    "learn.again": ("back to the start", "처음으로"),
    "learn.count": (
        "After {n:step|steps} {output} = {value}; at the start it was {first}.",
        "{n}걸음 뒤 {output} = {value}, 처음에는 {first}.",
    ),
    "learn.rises": (
        "The step is too long: {output} rises, though the prediction says that it falls. Take a smaller η.",
        "걸음이 너무 큽니다. 예측은 줄어든다고 하지만 {output:은} 늘어납니다. η를 줄이세요.",
    ),
    "learn.leaves": (
        "The numbers leave the floats, or the calculation is not defined there: the step is not taken. Take a smaller η.",
        "수가 부동소수를 벗어나거나 계산이 정의되지 않아, 걸음을 옮기지 않았습니다. η를 줄이세요.",
    ),
    "learn.flat": ("Every gradient is 0: no step goes anywhere.", "모든 기울기가 0이므로 어느 쪽으로도 가지 않습니다."),
    "learn.plot": ("{output} after each step", "걸음마다의 {output}"),
    "learn.moved": (
        "Picture and table show the numbers after the step; the steps and the whys are those of the start.",
        "그림과 표는 걸음을 옮긴 뒤의 수를 보여 줍니다. 단계와 이유는 처음의 것입니다.",
    ),
    "learn.more": ("and {count} more, outside of the picture", "그림 밖에 {count}개 더"),
}
