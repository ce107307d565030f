"""Programs that fetch the links and pictures of mail, by what they call themselves.

Each line has its reason. What calls itself a browser is none of them: most scanners do, and are known by what they do
(`judging.py`).
"""

import re
from collections.abc import Mapping

#: Fetches a picture because somebody looks at the mail, and so hides who that is: parts of its name, in small letters.
PROXIES: Mapping[str, str] = {
    "googleimageproxy": "Gmail",
    "yahoomailproxy": "Yahoo Mail",
    "ms-office": "Outlook",  # the desktop program, when the reader lets it load pictures
    "msoffice": "Outlook",
}

#: The same for machines: nobody looks. Matched as a part of the name, in small letters.
MACHINES: Mapping[str, str] = {
    "barracuda": "Barracuda checks links",
    "proofpoint": "Proofpoint checks links",
    "mimecast": "Mimecast checks links",
    "safelinks": "Outlook SafeLinks checks links",
    "microsoft office existence discovery": "Office asks whether the page exists",
    "microsoft office protocol discovery": "Office asks whether the page exists",
    "bingpreview": "Microsoft makes a preview",
    "skypeuripreview": "Microsoft makes a preview",
    "symantec": "Symantec checks links",
    "messagelabs": "Symantec checks links",
    "trendmicro": "Trend Micro checks links",
    "trend micro": "Trend Micro checks links",
    "fireeye": "FireEye checks links",
    "trellix": "Trellix checks links",
    "cloudmark": "Cloudmark checks links",
    "sophos": "Sophos checks links",
    "zscaler": "Zscaler checks links",
    "forcepoint": "Forcepoint checks links",
    "virustotal": "VirusTotal checks links",
    "google-safety": "Google checks links",
    "google-read-aloud": "Google reads pages for somebody else",
    # Gmail's own fetch before anybody has opened the mail names a browser that nobody has used since 2015.
    "chrome/42.0.2311.135 safari/537.36 edge/12.246 mozilla/5.0": "Gmail fetches pictures before they are looked at",
    "facebookexternalhit": "a chat makes a preview",
    "whatsapp": "a chat makes a preview",
    "slack-imgproxy": "a chat makes a preview",
    "headlesschrome": "a browser that nobody looks into",
    "phantomjs": "a browser that nobody looks into",
    "playwright": "a browser that nobody looks into",
    "puppeteer": "a browser that nobody looks into",
    "python": "a program, no browser",
    "curl/": "a program, no browser",
    "wget/": "a program, no browser",
    "go-http-client": "a program, no browser",
    "java/": "a program, no browser",
    "apache-httpclient": "a program, no browser",
    "okhttp": "a program, no browser",
    "libwww": "a program, no browser",
    "node-fetch": "a program, no browser",
    "axios/": "a program, no browser",
    "dart/": "a program, no browser",
}

#: `CUBOT` makes telephones.
_BOT = re.compile(r"(?<!cu)bot\b|crawler|spider|slurp|scanner|linkcheck")

#: Apple Mail with its privacy protection loads all pictures of all mail, read or not, and says this and nothing more.
_APPLE = "mozilla/5.0"

#: Characters of a name that are looked at.
_MOST = 1_000


def proxy(agent: str) -> str | None:
    """Whose proxy fetches a picture for a person who looks at it; None: it is none of those."""
    name = agent[:_MOST].lower()
    return next((whose for part, whose in PROXIES.items() if part in name), None)


def machine(agent: str) -> str | None:
    """Why what calls itself so is no person, in words; None where it may be one."""
    name = agent[:_MOST].strip().lower()
    if not name:
        return "it does not say what it is"
    if name == _APPLE:
        return "Apple Mail loads the pictures of all mail, read or not"
    if proxy(name) is not None:
        return None
    for part, reason in MACHINES.items():
        if part in name:
            return reason
    return "it calls itself a robot" if _BOT.search(name) else None
