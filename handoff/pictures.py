"""Pictures from players: known by their content and drawn anew, so that nothing of the file is kept but what it shows."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from PIL import Image

from common.errors import SupportError
from handoff import protocol

MAX_BYTES = 8 * 1024 * 1024  # of an uploaded file
MAX_SIDE = 1600  # pixels of the longer side, as kept
MAX_PIXELS = 20_000_000  # a bitmap of 80 MB
MAX_JPEG_PIXELS = 64_000_000  # a JPEG is decoded at a fraction of its size
UNCLAIMED_MS = 24 * 3600 * 1000  # how long a picture waits to be sent
KEEP_MS = 180 * 24 * 3600 * 1000  # how long a sent one is kept
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_QUALITY = 82
_ORIENTATION = 0x0112  # EXIF's tag
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class BadImage(SupportError):
    """A file that is no JPEG, PNG, WebP or GIF, or a broken one."""

    code = "bad_image"


class ImageTooBig(SupportError):
    """A file of more than `limit` bytes."""

    code = "image_too_big"


class ImageTooManyPixels(SupportError):
    """A picture of `width` by `height` pixels, more than are decoded; a decompression bomb is one."""

    code = "image_too_many_pixels"


class ImageTimeout(SupportError):
    """The picture took too long to arrive or to be decoded; it may be sent again."""

    code = "image_timeout"


class UnknownImage(SupportError):
    """No picture by that id, or another player's."""

    code = "unknown_image"


@dataclass(frozen=True)
class Drawn:
    """A picture made anew: a JPEG without metadata, upright, on white where it was transparent."""

    jpeg: bytes
    width: int  # pixels
    height: int


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept. Who knows the id may see it."""

    id: str  # 32 hexadecimal digits, random
    player: str
    at: int  # UTC, milliseconds since 1970
    drawn: Drawn
    conversation: str = ""  # "": not sent yet


class PictureStore(Protocol):
    """Where pictures lie. Every method raises StorageError."""

    async def add(self, picture: Picture) -> None:
        """Keep a new picture."""

    async def get(self, id: str) -> Picture:
        """A picture. Raises UnknownImage."""

    async def claim(self, id: str, player: str, conversation: str) -> protocol.Image:
        """The player sends their picture into a conversation, whose entry carries what is returned. Again is harmless.

        Raises:
            UnknownImage: there is none by that id, or it is another player's.
        """

    async def sweep(self, now: int, keep_ms: int = KEEP_MS) -> int:
        """Delete what was not sent within a day, and what was taken in more than `keep_ms` ago; how many went."""


class MemoryPictureStore:
    """The twin in memory, for tests."""

    def __init__(self) -> None:
        self._pictures: dict[str, Picture] = {}

    async def add(self, picture: Picture) -> None:
        """See the port."""
        self._pictures[picture.id] = picture

    async def get(self, id: str) -> Picture:
        """See the port."""
        if id not in self._pictures:
            raise unknown(id)
        return self._pictures[id]

    async def claim(self, id: str, player: str, conversation: str) -> protocol.Image:
        """See the port."""
        found = await self.get(id)
        if found.player != player:
            raise unknown(id)
        self._pictures[id] = Picture(id, player, found.at, found.drawn, conversation)
        return protocol.Image(id=id, width=found.drawn.width, height=found.drawn.height)

    async def sweep(self, now: int, keep_ms: int = KEEP_MS) -> int:
        """See the port."""
        old = [
            picture.id
            for picture in self._pictures.values()
            if picture.at < now - keep_ms or (not picture.conversation and picture.at < now - UNCLAIMED_MS)
        ]
        for id in old:
            del self._pictures[id]
        return len(old)


def unknown(id: str) -> UnknownImage:
    """The refusal of an id that names no picture of this player."""
    return UnknownImage("no such picture", image=id[:64])


def draw(file: BinaryIO) -> Drawn:
    """A file's picture made anew, of an animation the first frame. Nothing is decoded before its size is known.

    Raises:
        BadImage: it is no picture of a kind that is taken, or a broken one.
        ImageTooManyPixels: there is more to decode than is decoded for anybody.
    """
    try:
        with Image.open(file, formats=_FORMATS) as image:
            _check_size(image)
            return _drawn(image)
    except ImageTooManyPixels:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ImageTooManyPixels(f"expected at most {MAX_PIXELS} pixels") from error
    except Exception as error:  # decoders of strangers' bytes raise whatever they like
        raise BadImage("expected a JPEG, PNG, WebP or GIF picture") from error


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    limit = MAX_JPEG_PIXELS if image.format in ("JPEG", "MPO") else MAX_PIXELS
    if width * height > limit:
        raise ImageTooManyPixels(
            f"expected at most {limit} pixels, got {width} by {height}", limit=limit, width=width, height=height
        )


def _drawn(image: Image.Image) -> Drawn:
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))
    image.load()
    turn = _UPRIGHT.get(_orientation(image))
    shown = _smooth(image)
    shown.thumbnail((MAX_SIDE, MAX_SIDE), reducing_gap=2.0)
    if turn is not None:
        shown = shown.transpose(turn)
    # A new picture, since a file's comments and profiles would follow the old one.
    clean = Image.new("RGB", shown.size, "white")
    clean.paste(shown, mask=shown.getchannel("A") if shown.mode == "RGBA" else None)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return Drawn(out.getvalue(), clean.width, clean.height)


def _smooth(image: Image.Image) -> Image.Image:
    """In a mode in which pixels can be mixed."""
    if image.mode.startswith("I"):  # 16 bits of grey, which `convert` would cut off at white
        return image.point(lambda value: value * (1 / 256)).convert("L")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF is no reason to refuse a good picture
        return 1
