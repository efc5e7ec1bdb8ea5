"""How does a token look at the others?"""

from seqviz.models.attention_findings import attention_findings
from seqviz.models.attention_program import attention_output, attention_program
from seqviz.player.html import to_html
from seqviz.scenes.attention_record import attention_record_scene
from seqviz.scenes.files import to_csv, to_npz
from seqviz.ui import attention, attention_parts
from seqviz.ui.page import Page

page = Page("attention", attention.CONTROLS)
words = page.words
config = attention.config_of(page.values)

page.header()
record = attention.compute(config)
attention.tell_notices(page, record)

controls = page.group()
scene = attention_record_scene(record, attention.title_of(record, words), attention.label)
page.picture(scene)
with controls:
    attention.draw_controls(page)
attention.mode_line(page, record)
for sentence in attention.paragraphs(attention_findings(record), words):
    page.sentence(sentence)

attention.ask(page, record)
page.try_this(**attention.actions())
with page.section("equations") as opened:
    if opened:
        page.equations(attention.equations_of(record))
        page.notes("equations.matrix")
with page.section("shapes") as opened:
    if opened:
        head = ("shapes.name", "shapes.shape", "shapes.meaning")
        page.table(head, attention.shapes_of(record, words))
attention_parts.show_dimension(page, record)
attention_parts.show_masks(page, record)
attention_parts.show_explanation(page, record)
page.code(lambda: attention_program(record), lambda: attention_output(record))
attention_parts.show_model(page)
page.take_away("one", "two", "three", "four", "five")
page.corrections("F14", "F24")
page.notes("corrections.not_shown")
page.share()
page.downloads(
    csv=lambda: to_csv(scene),
    npz=lambda: to_npz(scene),
    html=lambda: to_html(scene, page.player_words, page.language, scene.title),
)
page.next("multi-head")
