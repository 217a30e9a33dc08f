"""How a user's machine may be set up: git's settings, and the variables of a system in another language."""

CONFIGURED = """
[core]
    autocrlf = true
    eol = crlf
    safecrlf = true
    quotePath = true
    fileMode = false
    ignoreCase = true
    attributesFile = /no/such/file
    hooksPath = /no/such/folder
[commit]
    gpgSign = true
[tag]
    gpgSign = true
[gpg]
    program = /bin/false
[init]
    defaultBranch = trunk
    defaultObjectFormat = sha256
[color]
    ui = always
[status]
    short = true
[diff]
    noprefix = true
    external = /bin/false
[log]
    date = relative
[filter "lfs"]
    required = true
    clean = /bin/false
    smudge = /bin/false
"""
ABROAD = {
    "LC_ALL": "C",
    "LANG": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "cp936",
    "TZ": "Pacific/Kiritimati",
    "COLUMNS": "20",
}
