"""Shows a mail as a person reads it: `python read_mail.py [FILE]`; without a file, the newest in mail/."""

import sys
from email import message_from_bytes, policy
from pathlib import Path


def newest() -> Path:
    mails = list((Path(__file__).parent / "mail" / "new").iterdir())
    return max(mails, key=lambda each: each.stat().st_mtime_ns)


def read(path: Path) -> str:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    text = mail.get_body(("plain", "html"))
    heads = "".join(f"{name}: {mail[name]}\n" for name in ("From", "To", "Subject"))
    return f"{heads}\n{text.get_content() if text else ''}"


if __name__ == "__main__":
    print(read(Path(sys.argv[1]) if len(sys.argv) > 1 else newest()))
