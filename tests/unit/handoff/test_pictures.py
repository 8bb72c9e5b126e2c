"""Files that players may send, made for real: what is taken, what is refused, and what is left of them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageFile, PngImagePlugin

from handoff.pictures import MAX_PIXELS, MAX_SIDE, BadImage, Drawn, ImageTooManyPixels, draw

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><title>shot.png</title><script>alert(1)</script>"


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def halves(mode: str = "RGB", size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def seen(drawn: Drawn, x: int, y: int) -> tuple[int, ...]:
    with Image.open(io.BytesIO(drawn.jpeg)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (drawn.width, drawn.height))
        colour = image.getpixel((x, y))
        assert isinstance(colour, tuple)
        return colour


def like(colour: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 40 for a, b in zip(colour, wanted))


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with a true header and whatever chunks."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IEND", b"")]
    sums = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(sums)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_the_four_kinds_come_out_as_they_look(kind: str) -> None:
    drawn = draw(io.BytesIO(saved(halves(), kind)))
    assert (drawn.width, drawn.height) == (64, 32)
    assert like(seen(drawn, 8, 16), RED) and like(seen(drawn, 56, 16), BLUE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_odd_kinds_of_pixels_are_drawn(mode: str) -> None:
    source = Image.new("L", (32, 32), 128).convert(mode) if mode != "I;16" else Image.new("I;16", (32, 32), 128 * 256)
    drawn = draw(io.BytesIO(saved(source, "JPEG" if mode == "CMYK" else "PNG")))
    colour = seen(drawn, 16, 16)
    assert max(colour) - min(colour) <= 4
    assert mode == "1" or like(colour, (128, 128, 128))


def test_transparent_parts_are_white() -> None:
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (16, 0, 32, 32))
    drawn = draw(io.BytesIO(saved(image, "PNG")))
    assert like(seen(drawn, 4, 16), WHITE) and like(seen(drawn, 28, 16), RED)


def test_of_an_animation_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (40, 20), colour) for colour in (RED, GREEN, BLUE)]
    for kind in ("GIF", "WEBP", "PNG"):
        drawn = draw(io.BytesIO(saved(frames[0], kind, save_all=True, append_images=frames[1:])))
        assert (drawn.width, drawn.height) == (40, 20) and like(seen(drawn, 20, 10), RED)


@pytest.mark.parametrize(
    ("orientation", "size", "left", "right"),
    [(1, (64, 32), RED, BLUE), (3, (64, 32), BLUE, RED), (2, (64, 32), BLUE, RED)],
)
def test_a_turned_photo_is_put_upright(orientation: int, size: tuple[int, int], left: Any, right: Any) -> None:
    drawn = draw(io.BytesIO(photo(orientation)))
    assert (drawn.width, drawn.height) == size
    assert like(seen(drawn, 4, 16), left) and like(seen(drawn, 60, 16), right)


@pytest.mark.parametrize(
    ("orientation", "top", "bottom"), [(6, RED, BLUE), (8, BLUE, RED), (5, RED, BLUE), (7, BLUE, RED)]
)
def test_a_photo_taken_sideways_stands_up(orientation: int, top: Any, bottom: Any) -> None:
    drawn = draw(io.BytesIO(photo(orientation)))
    assert (drawn.width, drawn.height) == (32, 64)
    assert like(seen(drawn, 16, 4), top) and like(seen(drawn, 16, 60), bottom)


def photo(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "secret camera"
    exif.get_ifd(0x8825)[2] = (39.0, 54.0, 20.0)
    return saved(halves(), "JPEG", exif=exif, comment=b"secret comment", icc_profile=b"secret profile")


def test_nothing_but_the_picture_is_kept() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "secret author")
    for file in (photo(6), saved(halves(), "PNG", pnginfo=text), saved(halves(), "JPEG") + b"secret tail"):
        assert b"secret" in file
        jpeg = draw(io.BytesIO(file)).jpeg
        assert b"secret" not in jpeg
        with Image.open(io.BytesIO(jpeg)) as image:
            assert not image.getexif() and not {"comment", "icc_profile", "exif"} & set(image.info)


def test_a_large_picture_is_made_smaller_in_proportion() -> None:
    for kind in ("JPEG", "PNG"):
        drawn = draw(io.BytesIO(saved(halves(size=(3200, 800)), kind)))
        assert (drawn.width, drawn.height) == (MAX_SIDE, 400)
        assert like(seen(drawn, 100, 100), RED) and like(seen(drawn, 1500, 100), BLUE)


def test_a_line_of_pixels_stays_a_picture() -> None:
    drawn = draw(io.BytesIO(saved(Image.new("RGB", (5000, 1), RED), "PNG")))
    assert (drawn.width, drawn.height) == (MAX_SIDE, 1)


def test_broken_exif_is_no_reason_to_refuse_a_picture() -> None:
    file = saved(halves(), "JPEG", exif=b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff" + b"\x00" * 9)
    assert draw(io.BytesIO(file)).width == 64


REFUSED = {
    "nothing": b"",
    "a text": "图片".encode(),
    "HTML with a picture's name": HTML,
    "an SVG": SVG,
    "a compressed SVG": zlib.compress(SVG),
    "a PDF": b"%PDF-1.7\n1 0 obj<<>>endobj",
    "a BMP": saved(halves(), "BMP"),
    "a TIFF": saved(halves(), "TIFF"),
    "an icon": saved(halves(), "ICO"),
    "a JPEG cut in half": saved(halves(size=(640, 320)), "JPEG")[:1500],
    "the head of a JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "a PNG cut short": saved(halves(), "PNG")[:60],
    "a PNG of junk": png(64, 64, (b"IDAT", b"junk")),
    "a GIF of junk": b"GIF89a" + b"\xff" * 40,
    "a WebP of junk": b"RIFF\x20\x00\x00\x00WEBPVP8 " + b"\x00" * 24,
    "a PNG without a size": png(0, 0, (b"IDAT", zlib.compress(b""))),
    "a script behind a GIF's name": b"GIF89a=1;alert(1)//",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_whole_picture_is_refused(name: str) -> None:
    with pytest.raises(BadImage):
        draw(io.BytesIO(REFUSED[name]))


def huge_webp() -> bytes:
    file = bytearray(saved(Image.new("RGB", (16, 16)), "WEBP", lossless=True))
    assert file[12:16] == b"VP8L"
    (bits,) = struct.unpack_from("<I", file, 21)
    struct.pack_into("<I", file, 21, (bits & ~0xFFFFFFF) | 16_382 | 16_382 << 14)  # 14 bits each, less one
    return bytes(file)


BOMBS = {
    "a PNG that claims 60,000 by 60,000": png(60_000, 60_000, (b"IDAT", zlib.compress(b"\x00" * 1000))),
    "a PNG just above the limit": png(5000, 4001, (b"IDAT", zlib.compress(b"\x00" * 1000))),
    "a GIF of 65,535 by 65,535": b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x00;",
    "a WebP of 16,383 by 16,383": huge_webp(),
    "a JPEG of 20,000 by 20,000": saved(Image.new("L", (16, 16)), "JPEG").replace(struct.pack(">HH", 16, 16), struct.pack(">HH", 20_000, 20_000)),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_decompression_bomb_is_refused_before_it_is_decoded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ImageFile.ImageFile, "load")  # to decode would end in BadImage
    assert len(BOMBS[name]) < 2_000
    with pytest.raises(ImageTooManyPixels):
        draw(io.BytesIO(BOMBS[name]))


def test_a_bomb_of_text_inside_a_small_png_is_refused() -> None:
    text = b"Comment\x00\x00" + zlib.compress(b"a" * 2_000_000)
    with pytest.raises(BadImage):
        draw(io.BytesIO(png(8, 8, (b"zTXt", text), (b"IDAT", zlib.compress(b"\x00" * 200)))))


def test_the_limit_itself_is_allowed() -> None:
    assert draw(io.BytesIO(saved(Image.new("1", (MAX_PIXELS // 4000, 4000)), "PNG"))).width == MAX_SIDE
