"""`yolopatch completion`."""

from __future__ import annotations

import click

from yolopatch.cli import options, report
from yolopatch.cli.completion.answer import SHELLS, script


@click.command("completion", epilog="Example: yolopatch completion bash")
@click.argument("shell", type=click.Choice(SHELLS), metavar="|".join(SHELLS))
@options.as_json
@click.pass_context
def command(context: click.Context, shell: str, as_json: bool) -> None:
    """Print the script that completes yolopatch's words in a shell.

    Tab then offers commands, options, modules, pins, scales, placements and
    YAML files. One line switches it on, in the file that your shell reads when
    it starts:

    \b
    bash        ~/.bashrc      eval "$(yolopatch completion bash)"
    zsh         ~/.zshrc       eval "$(yolopatch completion zsh)"
    fish        config.fish    yolopatch completion fish | source
    powershell  $PROFILE       yolopatch completion powershell |
                               Out-String | Invoke-Expression

    In zsh, the line comes after compinit.
    """
    text = script(shell, context.find_root().command)
    report.show_text({"shell": shell, "script": text}, text, as_json)
