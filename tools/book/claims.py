"""The ledger as a table that can be sorted: each claim, its verdict, the evidence, and what was tried against it."""

from html import escape

from course_lib.claims import CLAIMS, VERDICTS
from course_lib.ledger import attacks, evidence

HEAD = ("Claim", "Verdict", "Evidence", "Tried against it", "What would overturn it")
TRIED = {"withstood": "withstood", "narrowed": "narrows the claim"}


def table(pages):
    """The table, as HTML. pages: {notebook's number: the address of its page from the ledger}"""

    def linked(number):
        return f'<a href="{pages[number]}">{number}</a>' if number in pages else number

    def items(lines):
        return "<ul>{}</ul>".format("".join(f"<li>{line}</li>" for line in lines)) if lines else "<p>–</p>"

    rows = []
    for place, claim in enumerate(CLAIMS):
        limits = f"<p>Limited is {escape(claim.limited)}.</p>" if claim.limited else ""
        cells = (
            f"<p><b>{claim.name}.</b> {escape(claim.says)}</p><p class='soft'>Expected: {escape(claim.expected)}</p>",
            f"<p><b>{claim.verdict}</b></p>{limits}<p>{escape(claim.limits)}</p>",
            items([f"{linked(number)}: {escape(sentence)}" for number, sentence in evidence(claim)]),
            items([f"{linked(number)}, {TRIED[kind]}: {escape(said)}" for number, kind, said in attacks(claim)]),
            f"<p>{escape(claim.overturn) or '–'}</p>",
        )
        order = (place, VERDICTS.index(claim.verdict), claim.notebooks[0], len(attacks(claim)))
        keys = " ".join(f'data-k{column}="{key}"' for column, key in enumerate(order))
        texts = "".join(f'<td data-label="{label}">{text}</td>' for label, text in zip(HEAD, cells))
        rows.append(f'<tr id="claim-{claim.name}" {keys}>{texts}</tr>')
    says = ("by author", "by verdict", "by notebook", "by number of attempts")
    head = "".join(f'<th scope="col"><span>{label}</span><button type="button" data-column="{k}">{words}</button></th>'
                   for k, (label, words) in enumerate(zip(HEAD, says)))  # fmt: skip
    head += f'<th scope="col"><span>{HEAD[-1]}</span></th>'
    return f'<table class="ledger"><thead><tr>{head}</tr></thead><tbody>\n{chr(10).join(rows)}\n</tbody></table>'
