"""Who makes yolopatch's commits and patches, and when: fixed, so that the same input gives the same ids."""

AUTHOR_NAME = "yolopatch"
AUTHOR_EMAIL = "yolopatch@users.noreply.github.com"
EPOCH = 1767225600  # seconds; 2026-01-01 00:00:00 UTC
MAIL_DATE = "Thu, 1 Jan 2026 00:00:00 +0000"  # the same, as a mail's header has it
