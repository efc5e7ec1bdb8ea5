"""Why do gradients vanish or explode, and what helps?"""

from seqviz.models.backprop_findings import findings
from seqviz.models.backprop_program import output, plain, program
from seqviz.player.html import to_html
from seqviz.scenes.files import to_csv, to_npz
from seqviz.scenes.sweep import record_sweep
from seqviz.text.characters import visible
from seqviz.ui import gradients
from seqviz.ui.page import Page

page = Page("gradients", gradients.CONTROLS, also=("cell",))
words = page.words
config = gradients.config_of(page.values)

page.header()
with page.busy():
    record = gradients.compute(config)
gradients.tell_notices(page, record)

row = page.row()
scene = record_sweep(record, gradients.title_of(record, words), visible)
page.picture(scene)
with row:
    page.column("cell", "loss", "input")
    with page.panel("input"):
        page.column(*gradients.input_controls(config.source))
    with page.panel("model"):
        page.column(*gradients.model_controls(config.cell))
with page.group():
    page.notes("backwards" if scene.facts["matrices"] else "backwards_large")
    if scene.facts["joint"]:
        page.notes("joint")
    for sentence in gradients.sentences(findings(record), words):
        page.sentence(sentence)

page.heading("charts")
gradients.draw_chart(page, record)

gradients.ask(page, record)
page.try_this(**gradients.actions())
with page.section("equations") as opened:
    if opened:
        page.equations(gradients.equations_of(record))
        page.notes("equations.jacobian", "equations.sum", "equations.norm")
note = "code.fused" if plain(record) else "code.variant"
page.code(lambda: program(record), lambda: output(record), note)
page.take_away("one", "two", "three", "four", "five")
page.corrections("F1", "F2", "F3", "F8", "F25", "F35")
page.next("compare")
page.share()
page.downloads(
    csv=lambda: to_csv(scene),
    npz=lambda: to_npz(scene),
    html=lambda: to_html(scene, page.player_words, page.language, scene.title),
)
