"""Pictures with words that are known: memes, screenshots, signs, dark editors, speech bubbles.

They are drawn over the everyday photographs, where those are here, with different fonts, sizes,
rims and rotations, the same each time.
"""

import io
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

EVERYDAY = Path(__file__).parents[4] / "shared" / "data" / "everyday" / "images.zip"
FONTS = Path("/usr/share/fonts/truetype")
LIBERATION, DEJAVU = FONTS / "liberation", FONTS / "dejavu"

WITH_WORDS = frozenset(
    {
        *("voc_2007_000392.jpg", "voc_2007_003022.jpg", "voc_2007_006866.jpg"),
        *("voc_2008_001235.jpg", "voc_2008_006059.jpg", "voc_2008_006421.jpg"),
        *("voc_2008_007131.jpg", "voc_2008_007392.jpg", "voc_2008_008031.jpg"),
        *("voc_2008_008169.jpg", "voc_2008_008279.jpg"),
    }
)
"""Of the first photographs of animals, those in which words were read that are there, as a person
saw: signs, dates, an ear tag."""

EACH = 9
"""Pictures of a style."""

MEMES = (
    ("ONE DOES NOT SIMPLY", "WALK INTO A MEETING"),
    ("WAITING IN THE SHORT LINE", "STILL TAKES FOREVER"),
    ("BRACE YOURSELVES", "WINTER IS COMING"),
    ("WHEN THE CODE WORKS", "ON THE FIRST TRY"),
    ("I DON'T ALWAYS TEST", "BUT WHEN I DO IT'S IN PRODUCTION"),
    ("THIS IS FINE", "EVERYTHING IS FINE"),
    ("MONDAY MORNING", "BEFORE THE FIRST COFFEE"),
    ("SHUT UP", "AND TAKE MY MONEY"),
    ("LET ME TELL YOU", "WHY THIS ILL WILL FILL THE TILL"),
)
SCREENS = (
    ("Settings", "Dark mode is turned on", "Notifications: 12 new messages", "Save changes"),
    ("Error 404: Page not found", "The address may be wrong.", "Go back to the start page"),
    ("Scoreboard", "Alice 1,250 points", "Bob 980 points", "Carol 745 points"),
    ("Update available", "Version 3.2.1 fixes 14 bugs", "Install now or remind me later"),
    ("From: Max Müller", "Subject: Größe und Straße", "Danke für die schnelle Antwort!"),
    ("Your order has shipped", "Total: $49.99", "Arrives on Friday, June 14"),
    ("Disk almost full", "Only 2.4 GB of 256 GB left", "Delete files to make room"),
    ("Room 7 is typing", "Are we still meeting at 18:30?", "Yes, see you there", "Great"),
    ("Password must have", "at least 12 characters", "one number and one symbol"),
)
SIGNS = (
    ("STOP",),
    ("NO PARKING", "8 AM - 6 PM"),
    ("EXIT", "Gate 23"),
    ("Bakery", "Fresh bread daily"),
    ("SPEED LIMIT", "55"),
    ("Museum", "Open 9 to 5"),
    ("CAUTION", "WET FLOOR"),
    ("Café de la Gare",),
    ("PRIVATE", "PROPERTY"),
)
CODE = (
    ("def add(first, second):", "return first + second", "print(add(2, 3))"),
    ("for item in basket:", "total += item.price", "assert total > 0"),
    ("import sys", "from pathlib import Path", "root = Path(sys.argv[1])"),
    ("class Robot:", 'name = "Bobby"', "legs = 4"),
    ("if (x < 10) {", "count = count + 1;", "return count;"),
    ("SELECT name, age", "FROM people", "WHERE age >= 18;"),
    ("const sum = (a, b) => a + b;", "console.log(sum(4, 5));"),
    ("while True:", "line = input()", "if not line: break"),
    ("git add README.md", 'git commit -m "Fix typo"', "git push origin main"),
)
BUBBLES = (
    (("Are you sure", "about this?"), ("Not at all", "but let's go")),
    (("Where did", "the cat go?"), ("Behind you",)),
    (("I made you", "a sandwich"), ("You ate", "half of it!")),
    (("Did you", "hear that?"), ("Hear what?",)),
    (("We need a", "bigger boat"), ("Or smaller", "sharks")),
    (("It is only", "a scratch"), ("Your arm", "is off!")),
    (("What time", "is it?"), ("Time for", "lunch")),
    (("Who wrote", "this code?"), ("You did", "last year")),
    (("Can I pet", "that dog?"), ("That is a", "horse")),
)


@dataclass(frozen=True)
class Rendered:
    """A picture and the `words` in it, in the order in which a person reads them."""

    style: str
    image: Image.Image
    words: tuple[str, ...]

    def file(self) -> bytes:
        """Return it as a PNG."""
        written = io.BytesIO()
        self.image.save(written, "PNG")
        return written.getvalue()


def rendered() -> list[Rendered]:
    """Return the 45 pictures; `EVERYDAY` has to be here."""
    backgrounds = [image for name, image in photographs("voc") if name not in WITH_WORDS]
    return [
        draw(backgrounds[EACH * kind + number], number)
        for kind, draw in enumerate(STYLES.values())
        for number in range(EACH)
    ]


def photographs(prefix: str, most: int = 300) -> list[tuple[str, Image.Image]]:
    """Return the first everyday photographs whose names begin with `prefix`, by their names."""
    with zipfile.ZipFile(EVERYDAY) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith(prefix))[:most]
        return [(name, Image.open(io.BytesIO(archive.read(name))).convert("RGB")) for name in names]


def font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    """Return the font in `file`."""
    return ImageFont.truetype(str(file), size)


def _meme(background: Image.Image, number: int) -> Rendered:
    width = (480, 640, 800)[number % 3]
    image = background.resize((width, width * background.height // background.width))
    draw = ImageDraw.Draw(image)
    face = (
        LIBERATION / "LiberationSansNarrow-Bold.ttf",
        DEJAVU / "DejaVuSansCondensed-Bold.ttf",
        LIBERATION / "LiberationSans-Bold.ttf",
    )[number % 3]
    top, bottom = MEMES[number]
    for text, edge in ((top, "top"), (bottom, "bottom")):
        size = width // 9
        while (chosen := font(face, size)).getlength(text) > width * 0.94:
            size -= 1
        y = 8 if edge == "top" else image.height - int(size * 1.3)
        draw.text(
            (width / 2, y),
            text,
            "white",
            chosen,
            "ma",
            stroke_width=max(1, size // (12 + number)),
            stroke_fill="black",
        )
    return Rendered("meme", image, _words([top, bottom]))


def _screenshot(background: Image.Image, number: int) -> Rendered:
    size = (14, 16, 20)[number % 3]
    lines = SCREENS[number]
    dark = number % 4 == 3
    image = Image.new("RGB", (640, 400 + 40 * (number % 3)), "#202225" if dark else "#f7f7f9")
    image.paste(background.resize((200, 150)), (400, 220))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 640, 8), fill="#3366cc")
    faces = (LIBERATION / "LiberationSans-Regular.ttf", DEJAVU / "DejaVuSans.ttf")
    for at, line in enumerate(lines):
        chosen = font(faces[number % 2], size + (8 if at == 0 else 0))
        draw.text((24, 30 + at * size * 3), line, "#e8e8ea" if dark else "#1b1b1f", chosen)
    return Rendered("screenshot", image, _words(lines))


def _sign(background: Image.Image, number: int) -> Rendered:
    back, ink = (("#b5121b", "white"), ("#ffd200", "black"), ("#00693e", "white"))[number % 3]
    faces = (
        LIBERATION / "LiberationSans-Bold.ttf",
        DEJAVU / "DejaVuSerif-Bold.ttf",
        LIBERATION / "LiberationSerif-Bold.ttf",
    )
    chosen = font(faces[number % 3], 44)
    lines = SIGNS[number]
    wide = int(max(chosen.getlength(line) for line in lines)) + 48
    board = Image.new("RGBA", (wide, 64 * len(lines) + 32), back)
    draw = ImageDraw.Draw(board)
    draw.rectangle((4, 4, board.width - 5, board.height - 5), outline=ink, width=3)
    for at, line in enumerate(lines):
        draw.text((board.width / 2, 20 + 64 * at), line, ink, chosen, "ma")
    board = board.rotate((number - 4) * 4, Image.Resampling.BICUBIC, expand=True)
    image = background.resize((720, 540))
    image.paste(board, (60 + 20 * number, 60 + 10 * number), board)
    return Rendered("sign", image, _words(lines))


def _editor(_background: Image.Image, number: int) -> Rendered:
    size = (13, 16, 20)[number % 3]
    face = (DEJAVU / "DejaVuSansMono.ttf", LIBERATION / "LiberationMono-Regular.ttf")[number % 2]
    image = Image.new("RGB", (560, 240), ("#1e1e1e", "#282a36", "#0d1117")[number % 3])
    draw = ImageDraw.Draw(image)
    colors = ("#d4d4d4", "#9cdcfe", "#ce9178", "#6a9955")
    for at, line in enumerate(CODE[number]):
        indent = 0 if at == 0 else 4 * size // 2
        place = (24 + indent, 24 + int(at * size * 1.6))
        draw.text(place, line, colors[(at + number) % 4], font(face, size))
    return Rendered("dark editor", image, _words(CODE[number]))


def _bubble(background: Image.Image, number: int) -> Rendered:
    image = background.resize((700, 525))
    draw = ImageDraw.Draw(image)
    chosen = font(
        (
            DEJAVU / "DejaVuSans-Oblique.ttf",
            LIBERATION / "LiberationSans-Regular.ttf",
            DEJAVU / "DejaVuSans-Bold.ttf",
        )[number % 3],
        (22, 26, 30)[number % 3],
    )
    first, second = BUBBLES[number]
    mirrored = number % 2 == 1
    places = ((460, 110), (230, 330)) if mirrored else ((220, 110), (460, 330))
    for (x, y), lines in zip(places, (first, second), strict=True):
        draw.ellipse((x - 170, y - 80, x + 170, y + 80), fill="white", outline="black", width=3)
        draw.multiline_text((x, y), "\n".join(lines), "black", chosen, "mm", align="center")
    return Rendered("speech bubble", image, _words([*first, *second]))


def _words(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for line in lines for word in line.split())


STYLES: dict[str, Callable[[Image.Image, int], Rendered]] = {
    "meme": _meme,
    "screenshot": _screenshot,
    "sign": _sign,
    "dark editor": _editor,
    "speech bubble": _bubble,
}


def many_words(count: int = 3300) -> Image.Image:
    """Return a page of `count` little words."""
    draw_from = random.Random(0)
    image = Image.new("RGB", (2200, 2400), "white")
    draw = ImageDraw.Draw(image)
    chosen = font(DEJAVU / "DejaVuSans.ttf", 14)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(draw_from.choices(letters, k=draw_from.randint(3, 7))) for _ in range(count)]
    for at, line in enumerate(_wrapped(words, 32)):
        draw.text((20, 10 + at * 22), line, "black", chosen)
    return image


def _wrapped(words: Sequence[str], most: int) -> Iterator[str]:
    for at in range(0, len(words), most):
        yield " ".join(words[at : at + most])
