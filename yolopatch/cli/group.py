"""The `yolopatch` command, which loads only the subcommand that is called."""

from __future__ import annotations

import importlib

import click

from yolopatch import __version__

# name: (module below yolopatch.cli, what the overview says)
_COMMANDS = {
    "list": ("model.list_", "List the modules, pins or tutorials."),
    "apply": ("workspace.apply", "Put modules on a pinned upstream."),
    "remove": ("workspace.remove", "Take modules out of a workspace."),
    "status": ("workspace.status", "Say what a workspace holds."),
    "diff": ("workspace.diff", "Show a workspace's diff against its pin."),
    "render-cfg": ("model.render_cfg", "Write a model YAML with a module in its layers."),
    "verify": ("verify.verify", "Prove what is in a YAML's model, check by check."),
    "transplant": ("checkpoint.transplant", "Begin a patched model with what a base checkpoint knows."),
    "pack": ("checkpoint.pack", "Store DSConv's kernels as integers of a few bits."),
    "unpack": ("checkpoint.unpack", "Make a checkpoint of a packed file."),
    "reproduce": ("reproduce.reproduce", "Make a folder that reproduces a blog post, and train it."),
    "add": ("own.add", "Make a module of a file that you pasted."),
    "restore": ("checkpoint.restore", "Rebuild the workspace that a checkpoint comes from."),
    "port": ("port.port", "Make the patches for a release that nobody pinned."),
    "env": ("environment.env", "Make the environment in which a pin trains, or run something in it."),
    "doctor": ("environment.doctor", "Say what would fail in an environment, and where."),
    "data": ("data.data", "Make a small data set, or check one before training on it."),
    "summary": ("model.summary", "Build a YAML's model and count it, beside its base model."),
}


class Group(click.Group):
    """A group that names the nearest commands when it has none of a name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            from yolopatch.catalog.names import unknown

            raise unknown("command", args[0], self.list_commands(ctx), f"{ctx.command_path} --help")
        return super().resolve_command(ctx, args)


class _Lazy(Group):
    """A group whose commands are imported when called: `--help` is then as fast as click itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"yolopatch.cli.{_COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Example: yolopatch apply --repo ultralytics --module DSConv",
)
@click.version_option(__version__, prog_name="yolopatch")
def cli() -> None:
    """Patch papers' convolution modules into pinned YOLO upstreams.

    A workspace is an upstream at one exact version with modules added to it;
    every command ends with an exit code that scripts can rely on.
    """
