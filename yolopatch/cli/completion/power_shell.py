"""Completion in PowerShell, from 5.1 on: what click has for other shells. Its newest releases alone have this one."""

from __future__ import annotations

import os

from click.shell_completion import CompletionItem, ShellComplete

# A word travels in a line of its own: the shell has already taken its quotes away. Where nothing comes back,
# PowerShell itself offers files and folders.
_SCRIPT = r"""
Register-ArgumentCompleter -Native -CommandName %(prog_name)s, '%(prog_name)s.exe' -ScriptBlock {
    param($typed, $line, $cursor)

    $before = @($line.CommandElements | Where-Object { $_.Extent.EndOffset -le $cursor } | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value }
        else { $_.Extent.Text }
    })
    $count = $before.Count
    if ($typed) { $count = $count - 1 }
    $old = @{}
    $new = @{
        '%(complete_var)s' = 'powershell_complete'
        'COMP_WORDS' = ($before -join "`n")
        'COMP_CWORD' = "$count"
    }
    foreach ($name in $new.Keys) {
        $old[$name] = [Environment]::GetEnvironmentVariable($name)
        [Environment]::SetEnvironmentVariable($name, $new[$name])
    }
    try { $answer = @(& $before[0]) }
    finally { foreach ($name in $new.Keys) { [Environment]::SetEnvironmentVariable($name, $old[$name]) } }

    foreach ($one in $answer) {
        $word, $about = "$one" -split "`t", 2
        $shown = $word
        if ($word -match '[\s''"`$;,(){}|&<>@#]') { $shown = "'" + $word.Replace("'", "''") + "'" }
        if (-not $about) { $about = $word }
        [System.Management.Automation.CompletionResult]::new($shown, $word, 'ParameterValue', $about)
    }
}
"""


class PowerShellComplete(ShellComplete):
    """What click asks of a shell: its script, what is typed in it, and how it reads an answer."""

    name = "powershell"
    source_template = _SCRIPT.lstrip()

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is typed, without the command, and that word."""
        words, number = os.environ["COMP_WORDS"].split("\n"), int(os.environ["COMP_CWORD"])
        return words[1:number], words[number] if number < len(words) else ""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return what is offered; paths are left to PowerShell."""
        return [item for item in super().get_completions(args, incomplete) if item.type == "plain"]

    def format_completion(self, item: CompletionItem) -> str:
        """Return a line: the word, and what it is about where that is known."""
        return f"{item.value}\t{item.help}" if item.help else str(item.value)
