"""Words of others on their way into a database: every database takes them, and the same ones."""


def storable(text: str) -> str:
    """The text, with the replacement character for NUL and for halves of characters.

    PostgreSQL refuses both, and with them all that is written together with them: the fates of a whole window, say.
    """
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
