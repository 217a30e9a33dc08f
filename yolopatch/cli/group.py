"""The `yolopatch` command, which imports only the subcommand that is called."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import click

from yolopatch import __version__
from yolopatch.cli.language.help import with_language

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMPLETING = "_YOLOPATCH_COMPLETE"  # the variable that a shell sets while it asks what to offer

# name: (module in yolopatch.cli, its line in `yolopatch --help`)
_COMMANDS = {
    "list": ("model.list_", "List the modules, pins, tutorials or checks."),
    "apply": ("workspace.apply", "Add modules to a pinned upstream version."),
    "remove": ("workspace.remove", "Remove modules from a workspace."),
    "status": ("workspace.status", "Show what a workspace contains."),
    "diff": ("workspace.diff", "Show the diff between a pin and a workspace."),
    "render-cfg": ("model.render_cfg", "Write a model YAML that uses a module."),
    "verify": ("verify.verify", "Check that the model of a YAML is correct."),
    "transplant": ("checkpoint.transplant", "Start a patched model from a base checkpoint."),
    "pack": ("checkpoint.pack", "Store DSConv kernels as integers of 2 to 8 bits."),
    "unpack": ("checkpoint.unpack", "Turn a packed file back into a checkpoint."),
    "reproduce": ("reproduce.reproduce", "Reproduce a blog post: its code, YAML and training."),
    "add": ("own.add", "Turn a pasted Python file into a module."),
    "forget": ("own.forget", "Remove your own module from your catalog."),
    "adopt": ("adopt.adopt", "Tell what a published fork changes, and rebuild its model."),
    "restore": ("checkpoint.restore", "Rebuild the workspace that saved a checkpoint."),
    "port": ("port.port", "Make the patches for an upstream release without a pin."),
    "env": ("environment.env", "Create an environment for a pin, or run a command in it."),
    "doctor": ("environment.doctor", "Find what would fail in a Python environment."),
    "data": ("data.data", "Make a small data set, or check your own."),
    "compare": ("compare.compare", "Show models side by side: size, speed, memory, mAP."),
    "ablate": ("ablate.ablate", "Train arms over scales and seeds, and make the table."),
    "summary": ("model.summary", "Count the layers, parameters and GFLOPs of a model."),
    "graph": ("figures.graph", "Draw the architecture of a model as an SVG figure."),
    "heatmap": ("figures.heatmap", "Draw where models look on images, side by side."),
    "completion": ("completion.completion", "Print the script that completes words in a shell."),
}


class Group(click.Group):
    """A command group that suggests similar names for an unknown command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = ctx.resilient_parsing or not args or args[0] in self.list_commands(ctx)  # the shell asks at half a word
        if not known and not args[0].startswith("-"):
            from yolopatch.catalog.names import unknown

            raise unknown("command", args[0], self.list_commands(ctx), f"{ctx.command_path} --help")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, with the option that every command has."""
        found = super().get_command(ctx, cmd_name)
        return with_language(found) if found else None


class _Lazy(Group):
    """A group that imports a command only when it is called: `--help` is then as fast as click itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return with_language(importlib.import_module(f"yolopatch.cli.{_COMMANDS[cmd_name][0]}").command)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that start so; click would import every command for its help."""
        from click.shell_completion import CompletionItem  # imported late: --help does not need it

        from yolopatch.core.language.spoken import spoken

        commands = [CompletionItem(name, help=spoken().translate(text)) for name, (_, text) in _COMMANDS.items()]
        found = [item for item in commands if item.value.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(
    cls=_Lazy,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Example: yolopatch apply --repo ultralytics --module DSConv",
)
@click.option("--json", "as_json", is_flag=True, help="Without a command: print where you are as one JSON object.")
@click.version_option(__version__, prog_name="yolopatch")
@click.pass_context
def cli(context: click.Context, as_json: bool) -> None:
    """Add convolution modules from papers to pinned YOLO repositories.

    An upstream is ultralytics or yolov5. A pin is one exact version of an
    upstream. A workspace is a git checkout of a pin with modules added.

    Without a command: where you are, and the next command to type.

    Exit codes: 0 success, 1 you must act, 2 wrong usage, 3 your own changes
    are in the way, 4 a check failed, 5 a bug in yolopatch, 130 interrupted.
    """
    if context.invoked_subcommand is None:
        from yolopatch.cli.here.here import show_here  # imported late: --help does not need it

        show_here(as_json)
    elif as_json:
        from yolopatch.errors import UsageError

        hint = f"yolopatch {context.invoked_subcommand} ... --json"
        raise UsageError("--json in front of a command", details=["expected: behind it"], hint=hint)


with_language(cli)
