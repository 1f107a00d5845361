"""Personal data and unsafe words: found by patterns and lists, counted by reason.

In: a text. Out: the same with addresses and numbers that belong to somebody exchanged for reserved
ones (RFC 2606, RFC 5737), and how many there were; or why the whole is left out.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable

_EMAIL = re.compile(r"\b[\w.+-]{1,64}@(?:[\w-]+\.)+[a-z]{2,24}\b", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
_IP = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
_PHONE = re.compile(
    r"(?<![\w.,/-])(?:\+\d{1,3}[ .-]?(?:\(0?\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}"
    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[.-]\d{3}[.-]\d{4})(?![\w-])"
)
_UNSAFE = frozenset(
    """
    anal blowjob bukkake cum cumshot cunt deepthroat dildo fuck fucked fucker fuckers fucking
    gangbang handjob hentai milf motherfucker nsfw orgy porn porno pornstar pussy shit shitty slut
    sluts threesome whore xxx faggot nigger retards wetback
    """.split()
)
_WORD = re.compile(r"[a-z]+")
MOST_UNSAFE = 0.005  # share of a document's words, and more than two of them


def masked(text: str) -> tuple[str, Counter[str]]:
    """The text with personal data exchanged, and what was found.

    >>> masked("Write to ann@ropes.se or call +46 8 123 456 78 from 81.2.69.160.")[0]
    'Write to someone@example.com or call +1 555 0100 from 192.0.2.1.'
    >>> masked("Version 2.0.1 of 12 March has 1234567890123456 steps.")[1]
    Counter()
    """
    found: Counter[str] = Counter()
    for name, pattern, is_one, other in _KINDS:

        def exchanged(
            match: re.Match[str],
            name: str = name,
            is_one: Callable[[str], bool] = is_one,
            other: str = other,
        ) -> str:
            if not is_one(match.group()):
                return match.group()
            found[name] += 1
            return other

        text = pattern.sub(exchanged, text)
    return text, found


def is_unsafe(text: str, words: Iterable[str] = _UNSAFE) -> bool:
    """Whether more than two words, and more than MOST_UNSAFE of all, stand on the list.

    A text that quotes one of them is not left out; one that is full of them is.
    """
    found = _WORD.findall(text.lower())
    listed = words if isinstance(words, frozenset) else frozenset(words)
    hits = sum(word in listed for word in found)
    return hits > 2 and hits > MOST_UNSAFE * len(found)


def is_card(digits: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1) over 13 to 19 digits that begin as a card's do.

    >>> is_card("4111 1111 1111 1111"), is_card("4111 1111 1111 1112")
    (True, False)
    """
    numbers = [int(c) for c in digits if c.isdigit()]
    doubled = [sum(divmod(2 * n, 10)) for n in numbers[-2::-2]]
    plausible = 13 <= len(numbers) <= 19 and numbers[0] in (2, 3, 4, 5, 6)
    return plausible and (sum(numbers[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """The check digits of ISO 13616: letters become numbers, the whole is 1 modulo 97.

    >>> is_iban("GB82 WEST 1234 5698 7654 32"), is_iban("GB82 WEST 1234 5698 7654 33")
    (True, False)
    """
    bare = text.replace(" ", "")
    return (
        15 <= len(bare) <= 34
        and int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1
    )


def _is_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _is_mail(text: str) -> bool:
    return not text.lower().endswith(("example.com", "example.org", "example.net"))


def _is_phone(text: str) -> bool:
    return 9 <= sum(c.isdigit() for c in text) <= 15


_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool], str], ...] = (
    ("e-mail address", _EMAIL, _is_mail, "someone@example.com"),
    ("bank account", _IBAN, is_iban, "GB00 BANK 0000 0000 0000 00"),
    ("card number", _CARD, is_card, "0000 0000 0000 0000"),
    ("IP address", _IP, _is_address, "192.0.2.1"),
    ("phone number", _PHONE, _is_phone, "+1 555 0100"),
)
