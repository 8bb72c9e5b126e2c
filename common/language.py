"""Which language a player writes in: what the bot's own sentences, its answers and its chips are chosen by.

A language is a two-letter code (ISO 639-1). Letters tell it for most; English and pinyin share theirs, so words have to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

CHINESE = "zh"
ENGLISH = "en"

_HAN = re.compile(r"[\u3400-\u9fff]")
#: A language that has letters of its own. Fewer of them than _LETTERS may be a smiley.
_OWN_LETTERS = {
    "ja": re.compile(r"[\u3041-\u309f\u30a1-\u30fa]"),
    "ko": re.compile(r"[\uac00-\ud7a3]"),
    "th": re.compile(r"[\u0e01-\u0e3a\u0e40-\u0e4e]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
}
_LETTERS = 4
#: Words of no language: masked values (`[phone:****5678]`), addresses, whatever holds a digit, a button's payload.
_WORDLESS = re.compile(r"^/.*|\[[^\]]*\]|\S*(?:://|@)\S*|[A-Za-z]*\d[A-Za-z\d]*", re.DOTALL)
_LATIN_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
#: One or more syllables of toneless pinyin.
_PINYIN = re.compile(
    r"(?:(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])"
    r"(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ui|ao|ou|iu|ie|ue|an|en|in|un|ia|ua|uo|a|e|i|u)"
    r"|[bpmfwy]o|[ln]ve?|ang?|ai|ao|a|eng?|er|ei|e|ou|o)+"
)
#: Words that are surely English, apostrophes left out: those that any sentence has, those that would pass for pinyin, and
#: those of a call for help.
_SURE = frozenset(
    re.findall(
        r"\w+",
        """
        a am an and any anyone are arent as at back because been before but buy by cant change come could couldnt did didnt
        do does doesnt doing dont down else even every fix for forgot from game get gets getting give gone got had has hasnt
        have havent hello help her hey hi him his how i id if im into is isnt it its ive just keep keeps know like login
        lost make many missing much must my name need new no not nothing of off on one only or our out pls please purchase
        refund right same says she should since some someone something still stop stuck support take thank thanks that thats
        the their them then there they thing this time to today too unable us use using very want was wasnt we were what
        whats when where wheres which who whos why will with wont work working would wrong yesterday you your
        """,
    )
)
#: English words that Chinese players say too, and syllables of pinyin at once: alone they tell nothing.
_SHARED = frozenset(("a", "hello", "hey", "hi", "id", "login", "new", "no", "you"))


def language_of(text: str) -> str | None:
    """The language that a text is surely written in; None where it has no words, or too few to tell.

    English with a Chinese name in it is English (“where is my 灵玉”), and pinyin is Chinese.
    """
    said = _WORDLESS.sub(" ", text)
    for language, letters in _OWN_LETTERS.items():
        if len(letters.findall(said)) >= _LETTERS:
            return language
    han = len(_HAN.findall(said))
    english, pinyin, sure = _counted(said)
    if han:
        return ENGLISH if sure and english > han else CHINESE
    if sure and english >= max(2, pinyin):
        return ENGLISH
    return CHINESE if pinyin > max(1, english) and not sure else None


def next_language(before: str | None, text: str) -> str | None:
    """The language of a conversation after one more text; what says nothing leaves the one `before`.

    Where nothing is known yet, a lone “hello” counts.
    """
    return language_of(text) or before or _guessed(text)


def conversation_language(texts: Iterable[str]) -> str | None:
    """The language of a conversation after all of the player's `texts`, oldest first; None: not known."""
    language = None
    for text in texts:
        language = next_language(language, text)
    return language


def _counted(said: str) -> tuple[int, int, bool]:
    """How many Latin words are English, how many may be pinyin, and whether one of them is surely English."""
    words = [re.sub("['’]", "", word.lower()) for word in _LATIN_WORD.findall(said)]
    pinyin = sum(_PINYIN.fullmatch(word) is not None and word not in _SURE for word in words)
    return len(words) - pinyin, pinyin, any(word in _SURE - _SHARED for word in words)


def _guessed(text: str) -> str | None:
    said = _WORDLESS.sub(" ", text)
    words = [word.lower() for word in _LATIN_WORD.findall(said)]
    english, pinyin, _ = _counted(said)
    known = english > 1 or any(word in _SURE for word in words)
    return ENGLISH if known and english > pinyin and not _HAN.search(said) else None
