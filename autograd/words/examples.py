"""The words of the worked examples: their titles, those of their graphs, and what to notice. A row is (English, Korean)."""

from __future__ import annotations

ROWS: dict[str, tuple[str, ...]] = {
    "apple.title": ("Two apples at 100 each, 10 % tax", "개당 100인 사과 두 개, 소비세 10 %"),
    "apple.graph": ("price = (apple × count) × tax", "price = (apple × count) × tax"),
    "apple.price": (
        "One more unit of the apple's price costs {slope} more: an apple at 101 makes {price}.",
        "사과값이 1 오르면 지불 금액은 {slope:이} 오릅니다. 사과가 101이면 {price:이} 됩니다.",
    ),
    "apple.count": ("One more apple costs {slope} more.", "사과를 하나 더 사면 {slope:이} 더 듭니다."),
    "apple.tax": (
        "A tax of 1.2 instead of 1.1 costs {slope} × 0.1 = {more} more.",
        "세금이 1.1 대신 1.2이면 {slope} × 0.1 = {more:이} 더 듭니다.",
    ),
    "apple.product": (
        "A product hands each operand the other operand's value times what came from upstream.",
        "곱셈은 상류에서 온 기울기에 상대편의 값을 곱해 각 피연산자에 넘겨줍니다.",
    ),
    "fruit.title": (
        "Two apples at 100, three oranges at 150, 10 % tax",
        "100인 사과 두 개, 150인 귤 세 개, 소비세 10 %",
    ),
    "fruit.graph": (
        "price = (apple × apple count + orange × orange count) × tax",
        "price = (apple × apple count + orange × orange count) × tax",
    ),
    "fruit.addition": (
        "An addition hands the upstream gradient on unchanged to both operands.",
        "덧셈은 상류에서 온 기울기를 양쪽 피연산자에 그대로 넘겨줍니다.",
    ),
    "chain.title": ("The chain rule in one line, and three gates", "한 줄로 보는 연쇄법칙과 세 가지 게이트"),
    "chain.animals": (
        "cheetah = 2 · lion, lion = 2 · bear, bear = 1.5 · person",
        "cheetah = 2 · lion, lion = 2 · bear, bear = 1.5 · person",
    ),
    "chain.square": ("z = t², t = x + y", "z = t², t = x + y"),
    "chain.addition": ("Addition: hands {u} to both operands", "덧셈: 양쪽 피연산자에 {u:을} 넘겨줍니다"),
    "chain.product": ("Product: hands {u} × the other operand to each", "곱셈: 각 피연산자에 {u} × 상대편의 값을 넘겨줍니다"),
    "chain.on": ("Relu at 2: hands {u} on", "2에서의 렐루: {u:을} 넘겨줍니다"),
    "chain.off": ("Relu at −2: hands 0 on", "−2에서의 렐루: 0을 넘겨줍니다"),
    "chain.multiply": (
        "∂cheetah/∂person = 2 · 2 · 1.5 = {slope}: along a chain, local derivatives multiply.",
        "∂cheetah/∂person = 2 · 2 · 1.5 = {slope}: 사슬을 따라 국소적 미분을 곱합니다.",
    ),
    "chain.rule": ("∂z/∂x = ∂z/∂t · ∂t/∂x = 2t · 1 = 2(x + y) = {slope}.", "∂z/∂x = ∂z/∂t · ∂t/∂x = 2t · 1 = 2(x + y) = {slope}."),
    "chain.gates": (
        "An addition passes the upstream gradient on, a product swaps the operands' values into it, a relu is a switch.",
        "덧셈은 상류에서 온 기울기를 그대로 보내고, 곱셈은 피연산자의 값을 맞바꾸어 곱하며, 렐루는 스위치입니다.",
    ),
    "sigmoid.title": ("The sigmoid, opened up, at x = 1", "시그모이드를 열어 보기, x = 1에서"),
    "sigmoid.opened": ("y = 1 / (1 + exp(−x)), operation by operation", "y = 1 / (1 + exp(−x)), 연산 하나씩"),
    "sigmoid.single": ("y = σ(x), one operation", "y = σ(x), 연산 하나로"),
    "sigmoid.same": (
        "Through four nodes: y²·exp(−x) = {four}; through one: y(1 − y) = {one}.",
        "노드 네 개를 거치면 y²·exp(−x) = {four}, 하나를 거치면 y(1 − y) = {one}.",
    ),
    "sigmoid.largest": (
        "y(1 − y) is largest at x = 0, and there it is {slope}: every sigmoid on the way makes a gradient at least {times} times smaller.",
        "y(1 − y)는 x = 0에서 가장 크고, 거기서 {slope}입니다. 길에 있는 시그모이드마다 기울기를 {times}분의 1 이하로 줄입니다.",
    ),
    "softmax.title": (
        "Softmax with cross-entropy, opened up, at scores (ln 3, ln 2, ln 5) and target (0, 1, 0)",
        "소프트맥스와 교차 엔트로피를 열어 보기, 점수 (ln 3, ln 2, ln 5), 정답 (0, 1, 0)에서",
    ),
    "softmax.graph": ("L = −Σ t·ln y, y = exp(a) / Σ exp(a), t = (0, 1, 0)", "L = −Σ t·ln y, y = exp(a) / Σ exp(a), t = (0, 1, 0)"),
    "softmax.difference": (
        "y = {ys}; the gradient at the scores is {gradients} = y − t. It holds only if the targets sum to 1.",
        "y = {ys}. 점수에서의 기울기는 {gradients} = y − t입니다. 정답의 합이 1일 때만 그렇습니다.",
    ),
    "softmax.paths": (
        "exp a2 gets −0.5 directly and 0.1 through the sum: −0.4.",
        "exp a2는 −0.5를 바로 받고 합을 거쳐 0.1을 받아, −0.4가 됩니다.",
    ),
    "softmax.jacobian": ("The Jacobian of softmax is full: {rows}.", "소프트맥스의 야코비 행렬은 꽉 차 있습니다: {rows}."),
    "softmax.diagonal": ("Its diagonal alone would give {wrong}: wrong.", "대각선만으로는 {wrong:이} 되어 틀립니다."),
    "two_outputs.title": ("The 2-2-1 network with a second output", "출력이 하나 더 있는 2-2-1 신경망"),
    "two_outputs.graph": ("E = (y1 − o1)² + (y2 − o2)²", "E = (y1 − o1)² + (y2 − o2)²"),
    "two_outputs.hears": (
        "{hidden} hears from both outputs: {one} + {other} = {both}.",
        "{hidden:은} 두 출력 모두에서 기울기를 받습니다: {one} + {other} = {both}.",
    ),
    "two_outputs.paths": (
        "∂E/∂w1 is the sum over two paths: {one} + {other} = {both}.",
        "∂E/∂w1은 두 경로의 합입니다: {one} + {other} = {both}.",
    ),
    "two_two_one.title": (
        "The 2-2-1 network: one example, sigmoid, squared error",
        "2-2-1 신경망: 예제 하나, 시그모이드, 제곱 오차",
    ),
    "two_two_one.before": ("C = (y − o)², before the update", "C = (y − o)², 갱신 전"),
    "two_two_one.after": ("The same network after one update", "한 번 갱신한 뒤의 같은 신경망"),
    "two_two_one.update": (
        "After one update with learning rate {rate}: {weights}; the loss falls from {before} to {after}.",
        "학습률 {rate:으로} 한 번 갱신하면: {weights}. 손실은 {before}에서 {after:으로} 줄어듭니다.",
    ),
    "two_two_one.slip": (
        "The lecture prints ∂C/∂w3 = −0.011; the exact value is {exact}, since w3's input is x2 = 0.3 (the slip multiplied by x1 = 0.5)."
        " The 0.4011 it prints for w3 after the update is the same slip; exact is {updated}.",
        "강의에는 ∂C/∂w3 = −0.011로 나오지만 정확한 값은 {exact}입니다. w3의 입력은 x2 = 0.3인데 x1 = 0.5를 곱한 실수입니다."
        " 갱신한 뒤의 w3로 나오는 0.4011도 같은 실수이며, 정확한 값은 {updated}입니다.",
    ),
    "two_two_one.loss.before": ("The loss before update {n} is {loss}.", "{n}번째 갱신 전의 손실은 {loss}입니다."),
    "two_two_one.loss.after": ("The loss after update {n} is {loss}.", "{n}번째 갱신 뒤의 손실은 {loss}입니다."),
    "picture.caption": ("{title} ({direction})", "{title} ({direction})"),
    "picture.forward": ("forward", "순전파"),
    "picture.backward": ("backward", "역전파"),
    "picture.both": ("both", "둘 다"),
}
