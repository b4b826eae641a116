"""Verbs with which a person says something, or corrects what is stored."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.commands import Config, Json, Store, app, settings_of, told
from service.records.notes import NOTABLE


@app.command(
    "note", epilog="\n\n".join(["What can be noted", *(f"{topic}: {meaning}." for topic, meaning in NOTABLE.items())])
)
@told
def _note(
    wearer: Annotated[str, typer.Argument(help="Whose.")],
    topic: Annotated[str | None, typer.Argument(help="What about: shoes, pain, delete ...; all of them below.")] = None,
    text: Annotated[str | None, typer.Argument(help='What: "blue ones", "low back 3", "70 kg".')] = None,
    at: Annotated[str | None, typer.Option(help="When, 2026-05-01T06:30:00Z; now where it is not given.")] = None,
    bout: Annotated[str | None, typer.Option(help="At the start of this bout, as `insole bouts` names it.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what was noted then.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the notes instead.")] = False,
    linked: Annotated[bool, typer.Option("--links", help="Tell whether pain and the measures went together.")] = False,
    json: Json = False,
    store: Store = None,
    config: Config = None,
) -> None:
    """Note something about a run or walk; verdicts follow. The same moment and topic again corrects it."""
    from service.cli.actions import notes as noting

    url = settings_of(config, store=store).store
    if linked:
        noting.tell_links(url, wearer, json=json)
    elif listed:
        noting.list_notes(url, wearer, json=json)
    else:
        noting.note(url, wearer, topic or "", text, at=at, bout=bout, withdraw=withdraw)


@app.command("move")
@told
def _move(
    wearer: Annotated[str, typer.Argument(help="Whose it is so far.")],
    bout: Annotated[str, typer.Option(help="Which, as `insole bouts` names it.")],
    to: Annotated[str | None, typer.Option(help="Who wore the insoles.", metavar="WEARER")] = None,
    swap: Annotated[
        bool, typer.Option("--swap-feet", help="Left was right; again undoes it. A service has to be stopped first.")
    ] = False,
    begin: Annotated[str | None, typer.Option("--from", help="Exchanged from then on only, within the bout.")] = None,
    end: Annotated[str | None, typer.Option("--until", help="Exchanged until then only, within the bout.")] = None,
    store: Store = None,
    config: Config = None,
) -> None:
    """Give a run or walk to somebody else who wore the insoles, or to the other feet; all is analyzed again."""
    from service.cli.actions import notes as noting

    url = settings_of(config, store=store).store
    noting.hand_over(url, wearer, bout, to, swap=swap, begin=begin, end=end)
