"""What licence plates look like around the world: a table of formats, and the alphabets they are
written in.

The table aims at variety, not at the law of each country: colours, proportions and layouts are
close enough for a detector, and the characters are drawn by lot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]

WHITE, CREAM, SILVER, GREY = (244, 244, 242), (236, 230, 212), (205, 208, 210), (150, 154, 158)
BLACK, CHARCOAL = (22, 22, 24), (52, 54, 58)
YELLOW, AMBER, ORANGE = (247, 205, 40), (240, 170, 30), (235, 120, 30)
RED, MAROON = (190, 25, 35), (110, 25, 35)
BLUE, NAVY, SKY, EU_BLUE = (25, 75, 170), (25, 40, 95), (150, 195, 235), (15, 55, 150)
GREEN, DARK_GREEN, MINT = (20, 130, 70), (15, 80, 50), (150, 215, 160)


@dataclass(frozen=True, slots=True)
class Paint:
    """Background and text colour, RGB 0 to 255.

    `fade` is the background's colour at the lower edge, if another.
    """

    ground: Colour
    ink: Colour
    fade: Colour | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """A coloured strip at a plate's side.

    `width` is a share of the plate's height; `stars` draws a ring of dots.
    """

    colour: Colour
    text: str = ""
    side: str = "left"
    width: float = 0.38
    ink: Colour = WHITE
    stars: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """Small text along the upper or lower edge. `height` is a share of the plate's height."""

    texts: tuple[str, ...]
    edge: str = "top"
    height: float = 0.2
    ground: Colour | None = None
    ink: Colour | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateFormat:
    """One kind of plate.

    size_mm   width and height.
    patterns  alternatives; A letter and 9 digit of the script, L Latin letter, 0 Latin digit, @ one
              of `words`,
              a line break for the second row; anything else is itself.
    rows      relative heights of the rows.
    weight    how often it is drawn, next to the others.
    """

    country: str
    size_mm: tuple[int, int]
    patterns: tuple[str, ...]
    paints: tuple[Paint, ...] = (Paint(WHITE, BLACK),)
    script: str = "latin"
    words: tuple[str, ...] = ()
    rows: tuple[float, ...] = (1.0,)
    band: Band | None = None
    strips: tuple[Strip, ...] = ()
    border: bool = True
    divider: bool = False
    vehicle: str = "car"
    weight: float = 1.0

    @property
    def is_two_row(self) -> bool:
        """True where the characters stand in two rows."""
        return "\n" in self.patterns[0]


@dataclass(frozen=True, slots=True)
class Script:
    """Letters, digits, and beginnings of the names of font files which hold them, the first found
    being used by lot."""

    letters: str
    digits: str
    fonts: tuple[str, ...]


LATIN_FONTS = (
    "DejaVuSans-Bold", "DejaVuSansCondensed-Bold", "LiberationSans-Bold",
    "LiberationSansNarrow-Bold", "NotoSans-Bold",
    "DejaVuSansMono-Bold", "LiberationMono-Bold", "NotoSansDisplay-Bold",
    "LiberationSansNarrow-Regular",
)  # fmt: skip
CJK_FONTS = ("wqy-microhei", "wqy-zenhei", "NotoSansCJK-Bold")
LATIN_LETTERS, LATIN_DIGITS = "ABCDEFGHJKLMNPRSTUVWXYZ", "0123456789"

SCRIPTS = {
    "latin": Script(LATIN_LETTERS, LATIN_DIGITS, LATIN_FONTS),
    "cyrillic": Script(
        "АВЕКМНОРСТУХ",
        LATIN_DIGITS,
        ("DejaVuSans-Bold", "DejaVuSansCondensed-Bold", "LiberationSansNarrow-Bold"),
    ),
    "mongolian": Script(
        "АБВГДЕЗИКЛМНОПРСТУХЦЧ", LATIN_DIGITS, ("DejaVuSansCondensed-Bold", "NotoSans-Bold")
    ),
    "greek": Script(
        "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", LATIN_DIGITS, ("DejaVuSansCondensed-Bold", "LiberationSans-Bold")
    ),
    "arabic": Script(
        "ابحدرسصطعقكلمنهوي",
        "٠١٢٣٤٥٦٧٨٩",
        ("NotoKufiArabic-Bold", "NotoSansArabic-Bold", "NotoNaskhArabic-Bold"),
    ),
    "persian": Script(
        "بجدسصطقلمنوهی", "۰۱۲۳۴۵۶۷۸۹", ("NotoSansArabic-Bold", "NotoNaskhArabic-Bold")
    ),
    "thai": Script(
        "กขคฆงจชญฎฐณดตถทธนบผพภมรลวศษสห", LATIN_DIGITS, ("NotoSansThai-Bold", "NotoLoopedThai-Bold")
    ),
    "lao": Script(
        "ກຂຄງຈຊຍດຕຖທນບປຜພມຢລວສຫ", LATIN_DIGITS, ("NotoSansLao-Bold", "NotoLoopedLao-Bold")
    ),
    "hanzi": Script("ABCDEFGHJKLMNPQRSTUVWXYZ", LATIN_DIGITS, CJK_FONTS),
    "japanese": Script(
        "あいうえかきくけこさすせそたちつてとなにぬねのはひふほまみむめもやゆよらりるろれわ",
        LATIN_DIGITS,
        CJK_FONTS,
    ),
    "hangul": Script(
        "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호",
        LATIN_DIGITS,
        CJK_FONTS,
    ),
    "devanagari": Script(
        "कखगघचजझञटडतथदनपबमयरलसह",
        "०१२३४५६७८९",
        ("NotoSansDevanagari-Bold", "NotoSerifDevanagari-Bold"),
    ),
    "bengali": Script(
        "কখগঘচছজঝটঠডতথদনপফবভমযরলসহ", "০১২৩৪৫৬৭৮৯", ("NotoSansBengali-Bold", "NotoSerifBengali-Bold")
    ),
    "khmer": Script("កខគឃងចឆជឈញដ", "០១២៣៤៥៦៧៨៩", ("NotoSansKhmer-Bold", "NotoSerifKhmer-Bold")),
    "burmese": Script(
        "ကခဂငစဆဇညတထဒနပဖဗမယရလဝသ", "၀၁၂၃၄၅၆၇၈၉", ("NotoSansMyanmar-Bold", "NotoSerifMyanmar-Bold")
    ),
    "ethiopic": Script(
        "ሀለሐመረሰቀበተነአከወዘየደገጠ", LATIN_DIGITS, ("NotoSansEthiopic-Bold", "NotoSerifEthiopic-Bold")
    ),
    "hebrew": Script("אבגדהוזחטיכלמנ", LATIN_DIGITS, ("NotoSansHebrew-Bold", "DejaVuSans-Bold")),
    "georgian": Script("აბგდევზთიკლმნ", LATIN_DIGITS, ("NotoSansGeorgian-Bold", "DejaVuSans-Bold")),
    "armenian": Script(
        "ԱԲԳԴԵԶԷԹԻԼԽԿՀՁՂՃՄ", LATIN_DIGITS, ("NotoSansArmenian-Bold", "DejaVuSans-Bold")
    ),
    "sinhala": Script(
        "කගචජටඩතදනපබමයරලවසහ", LATIN_DIGITS, ("NotoSansSinhala-Bold", "NotoSerifSinhala-Bold")
    ),
    "tamil": Script("கசடதபறமனயரல", LATIN_DIGITS, ("NotoSansTamil-Bold", "NotoSerifTamil-Bold")),
}

LONG, EURO_TWO_ROW, US, MOTO = (520, 110), (280, 200), (305, 152), (180, 200)
BW = (Paint(WHITE, BLACK),)
INDIA = ("DL", "MH", "KA", "TN", "UP", "GJ", "WB", "RJ", "KL", "HR", "AP", "TS")
CHINA = tuple("京沪津渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")
JAPAN = ("品川 300", "横浜 502", "大阪 331", (
        "名古屋 580"
    ), "神戸 301", "札幌 500", "福岡 330", "足立 45",
         "練馬 200", "京都 583", "千葉 11")  # fmt: skip
THAI = (
    "กรุงเทพมหานคร",
    "เชียงใหม่",
    "ชลบุรี",
    "ภูเก็ต",
    "ขอนแก่น",
    "นครราชสีมา",
    "สงขลา",
    "เชียงราย",
    "ระยอง",
)
BANGLA = ("ঢাকা মেট্রো-গ", "ঢাকা মেট্রো-ল", "চট্ট মেট্রো-হ", "ঢাকা মেট্রো-চ", "রাজ মেট্রো-ক", "সিলেট-থ", "খুলনা-ট")
BRAZIL_CITIES = (
    "SP - SAO PAULO",
    "RJ - RIO DE JANEIRO",
    "MG - BELO HORIZONTE",
    "BA - SALVADOR",
    "PR - CURITIBA",
    "RS - PORTO ALEGRE",
)


def _eu(
    country: str, code: str, *patterns: str, script: str = "latin", **more: object
) -> list[PlateFormat]:
    """A European country's long plate and its two-row brother, both with the blue band."""
    band = Band(
        EU_BLUE,
        code,
        stars=code not in ("GB", "CH", "N", "UA", "TR", "AL", "BIH", "MK", "SRB", "MD", "GE", "AM"),
    )
    paints: tuple[Paint, ...] = more.get("paints", BW)  # type: ignore[assignment]
    halves = tuple(p.replace(" ", "\n", 1) for p in patterns)
    long = PlateFormat(
        country=country, size_mm=LONG, patterns=patterns, paints=paints, script=script, band=band
    )
    square = PlateFormat(
        country=country,
        size_mm=EURO_TWO_ROW,
        patterns=halves,
        paints=paints,
        script=script,
        rows=(1, 1),
        band=Band(EU_BLUE, code, width=0.22, stars=band.stars),
        vehicle="truck",
        weight=0.35,
    )
    small = PlateFormat(
        country=country,
        size_mm=MOTO,
        patterns=halves,
        paints=paints,
        script=script,
        rows=(1, 1),
        band=Band(EU_BLUE, code, width=0.2, stars=band.stars),
        vehicle="motorcycle",
        weight=0.3,
    )
    return [long, square, small]


EUROPE = [
    *_eu("Germany", "D", "L LL 0000", "LLL L 000", "LL LL 000"),
    *_eu("France", "F", "LL-000-LL".replace("-", " "), "LL 000-LL"),
    *_eu("Italy", "I", "LL 000LL"),
    *_eu("Spain", "E", "0000 LLL"),
    *_eu("Poland", "PL", "LL 00000", "LLL 0LL0"),
    *_eu("Portugal", "P", "LL 00-LL", "00-00 LL"),
    *_eu("Netherlands", "NL", "LL-000 L", "0-LLL 00", paints=(Paint(YELLOW, BLACK),)),
    *_eu("Luxembourg", "L", "LL 0000", paints=(Paint(YELLOW, BLACK),)),
    *_eu("Belgium", "B", "0-LLL 000", paints=(Paint(WHITE, (125, 25, 40)),)),
    *_eu("Greece", "GR", "AAA 9999", script="greek"),
    *_eu("Sweden", "S", "LLL 000", "LLL 00L"),
    *_eu("Finland", "FIN", "LLL -000"),
    *_eu("Norway", "N", "LL 00000", paints=(Paint(WHITE, BLACK), Paint(GREEN, WHITE))),
    *_eu("Denmark", "DK", "LL 00 000"),
    *_eu("Austria", "A", "L 0000LL", "LL 000LL"),
    *_eu("Czechia", "CZ", "0L0 0000"),
    *_eu("Slovakia", "SK", "LL 000LL"),
    *_eu("Hungary", "H", "LLL 000", "LL LL-000"),
    *_eu("Romania", "RO", "L 00 LLL", "LL 00 LLL"),
    *_eu("Bulgaria", "BG", "LL 0000 LL"),
    *_eu("Ireland", "IRL", "00-L -00000", "000-L -0000"),
    *_eu("Croatia", "HR", "LL 000-LL"),
    *_eu("Serbia", "SRB", "LL 000-LL"),
    *_eu("Switzerland", "CH", "LL 000 000"),
    *_eu("Turkey", "TR", "00 LLL 000", "00 LL 0000"),
    *_eu("Ukraine", "UA", "LL 0000 LL"),
    *_eu("Albania", "AL", "LL 000 LL"),
    *_eu("Moldova", "MD", "LLL 000"),
    *_eu("Georgia", "GE", "LL 000 LL"),
    *_eu("Armenia", "AM", "00 LL 000"),
    PlateFormat(country=(
            "UK front"
        ), size_mm=(520, 111), patterns=("LL00 LLL",), border=False, weight=1.5),
    PlateFormat(country="UK rear", size_mm=(520, 111), patterns=((
            "LL00 LLL"
        ), "L000 LLL"), paints=(Paint(YELLOW, BLACK),),
                border=False, weight=2),
    PlateFormat(country=(
            "UK rear band"
        ), size_mm=(520, 111), patterns=("LL00 LLL",), paints=(Paint(YELLOW, BLACK),),
                border=False,
                band=Band(EU_BLUE, "GB")),
    PlateFormat(country=(
            "UK two rows"
        ), size_mm=(285, 203), patterns=("LL00\nLLL",), rows=(1, 1), border=False,
                paints=(Paint(YELLOW, BLACK), Paint(WHITE, BLACK)), vehicle="truck"),
    PlateFormat(country=(
            "UK motorcycle"
        ), size_mm=(229, 178), patterns=("LL00\nLLL",), rows=(1, 1), border=False,
                paints=(Paint(YELLOW, BLACK),), vehicle="motorcycle"),
    PlateFormat(country=(
            "UK classic"
        ), size_mm=(520, 111), patterns=("LLL 000L", "LLL 000"), paints=(Paint(BLACK, SILVER),),
                border=False, weight=0.5),
    PlateFormat(country="Russia", size_mm=LONG, patterns=("A 999 AA",), script="cyrillic",
                band=Band(WHITE, "77\nRUS", "right", 0.85, BLACK), weight=2),
    PlateFormat(country=(
            "Russia taxi"
        ), size_mm=LONG, patterns=("AA 999",), script="cyrillic", paints=(Paint(YELLOW, BLACK),),
                band=Band(YELLOW, "50\nRUS", "right", 0.85, BLACK), weight=0.5),
    PlateFormat(country=(
            "Russia motorcycle"
        ), size_mm=(245, 185), patterns=("9999\nAA 99",), rows=(1, 1), script="cyrillic",
                vehicle="motorcycle"),
    PlateFormat(country=(
            "Russia square"
        ), size_mm=(290, 170), patterns=("A 999\nAA 77",), rows=(1, 1), script="cyrillic"),
    PlateFormat(country="Belarus", size_mm=LONG, patterns=((
            "0000 LL-0"
        ),), band=Band(WHITE, "BY", ink=RED, width=0.3)),
    PlateFormat(country=(
            "Spain moped"
        ), size_mm=(100, 168), patterns=("L0\n000", "C0\n0L"), paints=(Paint(YELLOW, BLACK),),
                rows=(1, 1), vehicle="motorcycle", weight=0.5),
    PlateFormat(country=(
            "Italy motorcycle"
        ), size_mm=(177, 177), patterns=("LL\n00000",), rows=(1, 1),
                band=Band(EU_BLUE, "I", width=0.16), vehicle="motorcycle"),
]  # fmt: skip


def _state(
    name: str, *patterns: str, paints: tuple[Paint, ...], bottom: str = "", script_ink: Colour = RED
) -> PlateFormat:
    """A North American plate: the state's name above, a motto below."""
    strips = (
        Strip((name,), "top", 0.24, None, script_ink),
        *((Strip((bottom,), "bottom", 0.15),) if bottom else ()),
    )
    return PlateFormat(
        country=name.title(),
        size_mm=US,
        patterns=patterns,
        paints=paints,
        strips=strips,
        border=False,
        weight=0.8,
    )


AMERICAS = [
    _state("California", "0LLL000", paints=(Paint(WHITE, NAVY),), bottom="dmv.ca.gov"),
    _state("CALIFORNIA", "0LLL000", "LLL 000", paints=(Paint(BLACK, YELLOW), Paint(BLUE, YELLOW)),
    script_ink=YELLOW),
    _state("TEXAS", "LLL 0000", paints=(Paint(WHITE, BLACK),), bottom=(
            "The Lone Star State"
        ), script_ink=BLACK),
    _state("NEW YORK", "LLL 0000", paints=(Paint(AMBER, NAVY),), bottom=(
            "EMPIRE STATE"
        ), script_ink=NAVY),
    _state("NEW YORK", "LLL 0000", paints=(Paint(WHITE, NAVY),), bottom="EXCELSIOR",
    script_ink=NAVY),
    _state("FLORIDA", "LLL L00", "000 0LL", paints=(Paint(WHITE, DARK_GREEN, MINT),), bottom=(
            "SUNSHINE STATE"
        ),
                script_ink=GREEN),
    _state("Illinois", "LL 00000", paints=(Paint(WHITE, RED, SKY),), bottom=(
            "Land of Lincoln"
        ), script_ink=BLUE),
    _state("Pennsylvania", "LLL-0000",
    paints=(Paint(WHITE, NAVY, YELLOW), Paint(BLUE, WHITE, WHITE)), script_ink=BLUE),
    _state("OHIO", "LLL 0000", paints=(Paint(SKY, NAVY, WHITE),), bottom=(
            "Birthplace of Aviation"
        ), script_ink=RED),
    _state("Michigan", "LLL 0000", paints=(Paint(WHITE, NAVY),), bottom=(
            "Pure Michigan"
        ), script_ink=BLUE),
    _state("New Jersey", "L00-LLL", paints=(Paint((240, 220, 140), BLACK, CREAM),), bottom=(
            "Garden State"
        ), script_ink=BLACK),
    _state("COLORADO", "LLL-000",
    paints=(Paint(DARK_GREEN, WHITE, WHITE), Paint(WHITE, DARK_GREEN, DARK_GREEN)),
                script_ink=WHITE),
    _state("ARIZONA", (
            "LLL 0000"
        ), paints=(Paint((120, 90, 150), DARK_GREEN, (240, 200, 160)),), bottom=(
            "GRAND CANYON STATE"
        )),
    _state("WASHINGTON", "LLL0000", paints=(Paint(SKY, NAVY, WHITE),), bottom=(
            "EVERGREEN STATE"
        ), script_ink=RED),
    _state("Oregon", "000 LLL", paints=(Paint(SKY, NAVY, (230, 215, 235)),), script_ink=NAVY),
    _state("Alaska", "LLL 000", paints=(Paint(YELLOW, NAVY),), bottom=(
            "The Last Frontier"
        ), script_ink=RED),
    _state("Massachusetts", "0LL L00", paints=(Paint(WHITE, RED),), bottom=(
            "The Spirit of America"
        ), script_ink=BLUE),
    _state("Georgia", "LLL0000", paints=(Paint(WHITE, BLACK, (250, 220, 190)),), bottom=(
            "PEACH STATE"
        ), script_ink=RED),
    _state("Ontario", "LLLL 000", paints=(Paint(WHITE, BLUE),), bottom=(
            "YOURS TO DISCOVER"
        ), script_ink=BLUE),
    _state("Québec", "L00 LLL", paints=(Paint(WHITE, BLUE),), bottom=(
            "Je me souviens"
        ), script_ink=BLUE),
    _state((
            "British Columbia"
        ), "LL0 00L", paints=(Paint(WHITE, BLUE),), bottom="Beautiful", script_ink=BLUE),
    _state("Alberta", "LLL-0000", paints=(Paint(WHITE, RED),), bottom=(
            "Wild Rose Country"
        ), script_ink=RED),
    PlateFormat(country=(
            "US motorcycle"
        ), size_mm=(178, 102), patterns=("00L0000", "LL 000"), border=False, vehicle="motorcycle",
                paints=(Paint(WHITE, NAVY), Paint(SKY, NAVY, WHITE), Paint(AMBER, NAVY)),
                strips=(Strip(("TEXAS", "CALIFORNIA", "OHIO", "FLORIDA", "NEW YORK"), "top", 0.25,
                None, RED),)),
    PlateFormat(country=(
            "US trailer"
        ), size_mm=US, patterns=("000 000L",), paints=(Paint(WHITE, GREEN),), vehicle="trailer",
                strips=(Strip(("INDIANA", "MAINE", "TENNESSEE"), "top", 0.2),
                Strip(("TRAILER", "APPORTIONED"), "bottom",
                0.16)),
                border=False),
    PlateFormat(country="Mexico", size_mm=(300, 150),
    patterns=("LLL-00-00", "LLL-000-L", "00-L0-LLL"), weight=2,
                paints=(Paint(WHITE, BLACK), Paint(WHITE, BLACK, MINT),
                Paint(WHITE, BLACK, (240, 190, 190))), border=False,
                strips=(Strip(("JALISCO", "CDMX", "PUEBLA", (
                        "NUEVO LEON"
                    ), "CHIAPAS"), "top", 0.22, None, MAROON),
                        Strip(((
                                "MEXICO  TRANSPORTE PRIVADO"
                            ), "DELANTERA", "TRASERA"), "bottom", 0.14))),
    PlateFormat(country=(
            "Brazil grey"
        ), size_mm=(400, 130), patterns=("LLL-0000",), paints=(Paint(SILVER, BLACK), Paint(RED,
                WHITE)),
                strips=(Strip(BRAZIL_CITIES, "top", 0.22),), weight=2),
    PlateFormat(country="Brazil", size_mm=(400, 130), patterns=("LLL0L00",),
    paints=(Paint(WHITE, BLACK), Paint(WHITE, RED)),
                strips=(Strip(("BRASIL",), "top", 0.24, EU_BLUE, WHITE),), weight=3),
    PlateFormat(country=(
            "Brazil motorcycle"
        ), size_mm=(200, 170), patterns=("LLL\n0L00",), rows=(1, 1), vehicle="motorcycle",
                strips=(Strip(("BRASIL",), "top", 0.2, EU_BLUE, WHITE),), weight=1.5),
    PlateFormat(country=(
            "Brazil grey motorcycle"
        ), size_mm=(187, 136), patterns=("LLL\n0000",), rows=(1, 1),
                vehicle="motorcycle",
                paints=(Paint(SILVER, BLACK),), strips=(Strip(BRAZIL_CITIES, "top", 0.17),)),
    PlateFormat(country="Argentina", size_mm=(400, 130), patterns=("LL 000 LL",), weight=1.5,
                strips=(Strip(("REPUBLICA ARGENTINA",), "top", 0.24, EU_BLUE, WHITE),)),
    PlateFormat(country=(
            "Argentina old"
        ), size_mm=(294, 129), patterns=("LLL 000",), paints=(Paint(BLACK, WHITE),),
                strips=(Strip(("ARGENTINA",), "top", 0.2),)),
    PlateFormat(country=(
            "Argentina motorcycle"
        ), size_mm=(200, 170), patterns=("L000\nLLL", "000\nLLL"), rows=(1, 1),
                strips=(Strip(((
                        "REPUBLICA ARGENTINA"
                    ),), "top", 0.2, EU_BLUE, WHITE),), vehicle="motorcycle"),
    PlateFormat(country="Uruguay", size_mm=(400, 130), patterns=((
            "LLL 0000"
        ),), strips=(Strip(("URUGUAY",), "top", 0.24, EU_BLUE,
                WHITE),)),
    PlateFormat(country="Paraguay", size_mm=(400, 130), patterns=("LLLL 000",),
    strips=(Strip(("PARAGUAY",), "top", 0.24,
                EU_BLUE, WHITE),)),
    PlateFormat(country="Colombia", size_mm=(330, 160), patterns=("LLL·000",),
    paints=(Paint(YELLOW, BLACK), Paint(WHITE,
                BLACK)),
                strips=(Strip(((
                        "BOGOTA D.C."
                    ), "MEDELLIN", "CALI", "CUCUTA"), "bottom", 0.2),), weight=2),
    PlateFormat(country=(
            "Colombia motorcycle"
        ), size_mm=(235, 105 * 2 - 50), patterns=("LLL\n00L",), rows=(1, 1),
                vehicle="motorcycle",
                paints=(Paint(YELLOW, BLACK),),
                strips=(Strip(("ENVIGADO", "BOGOTA"), "bottom", 0.16),)),
    PlateFormat(country="Chile", size_mm=(360, 130), patterns=("LL·LL·00",),
    strips=(Strip(("CHILE",), "bottom", 0.2),),
                weight=1.5),
    PlateFormat(country="Peru", size_mm=(340, 150), patterns=("L0L-000",),
    strips=(Strip(("PERU",), "top", 0.22),),
                paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK), Paint(WHITE, BLACK)),
                weight=1.5),
    PlateFormat(country="Ecuador", size_mm=(404, 154), patterns=("LLL-0000",),
    strips=(Strip(("ECUADOR",), "top", 0.22),)),
    PlateFormat(country="Bolivia", size_mm=(300, 150), patterns=("0000-LLL",),
    paints=(Paint(WHITE, NAVY),),
                strips=(Strip(("BOLIVIA",), "top", 0.2),)),
    PlateFormat(country="Venezuela", size_mm=(300, 150), patterns=("LL000LL",),
    paints=(Paint(WHITE, BLACK),),
                strips=(Strip(((
                        "República Bolivariana de Venezuela"
                    ),), "top", 0.18, None, BLUE), Strip(("DISTRITO CAPITAL",),
                "bottom", 0.16))),
    PlateFormat(country="Guatemala", size_mm=(300, 150), patterns=("P 000LLL",),
    paints=(Paint(WHITE, BLUE),),
                strips=(Strip(("GUATEMALA",), "top", 0.2), Strip(((
                        "CENTRO AMERICA"
                    ),), "bottom", 0.16))),
    PlateFormat(country=(
            "Costa Rica"
        ), size_mm=(300, 150), patterns=("LLL-000",), paints=(Paint(WHITE, NAVY),),
                strips=(Strip(("COSTA RICA",), "top", 0.2, None, RED),
                Strip(("CENTROAMERICA",), "bottom", 0.16))),
    PlateFormat(country="Cuba", size_mm=LONG, patterns=((
            "P 000 000"
        ),), band=Band(BLUE, "CUBA", width=0.3)),
    PlateFormat(country=(
            "Dominican Republic"
        ), size_mm=(300, 150), patterns=("L000000",), paints=(Paint(WHITE, NAVY),),
                strips=(Strip(("REPUBLICA DOMINICANA",), "bottom", 0.18),)),
]  # fmt: skip

ASIA = [
    PlateFormat(country="India", size_mm=(500, 120), patterns=((
            "@ 00 LL 0000"
        ), "@ 00 L 0000", "@00LL0000"), words=INDIA,
                weight=2.5,
                band=Band(WHITE, "IND", width=0.22, ink=BLUE)),
    PlateFormat(country="India plain", size_mm=(500, 120), patterns=((
            "@ 00 LL 0000"
        ), "@-00-L-0000"), words=INDIA, border=False,
                paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK), Paint(BLACK, YELLOW),
                Paint(GREEN, WHITE)), weight=2.5),
    PlateFormat(country=(
            "India two rows"
        ), size_mm=(340, 200), patterns=("@ 00\nLL 0000", "@ 00 LL\n0000"), words=INDIA, rows=(1,
                1),
                paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK), Paint(YELLOW, BLACK)),
                vehicle="truck", weight=2),
    PlateFormat(country=(
            "India motorcycle"
        ), size_mm=(200, 100), patterns=("@ 00 LL\n0000", "@00L\n0000"), words=INDIA, rows=(1,
                1),
                vehicle="motorcycle", weight=2),
    PlateFormat(country=(
            "India auto rickshaw"
        ), size_mm=(220, 160), patterns=("@ 00\nLL 0000",), words=INDIA, rows=(1, 1),
                paints=(Paint(YELLOW, BLACK), Paint(BLACK, YELLOW)), border=False),
    PlateFormat(country="Pakistan", size_mm=(330, 165), patterns=("LLL 000", (
            "LE-00 0000"
        ), "LLL-0000"), weight=1.5,
                strips=(Strip(("PUNJAB", "SINDH", "ISLAMABAD"), "bottom", 0.22),),
                paints=(Paint(WHITE, BLACK), Paint(YELLOW,
                BLACK))),
    PlateFormat(country=(
            "Pakistan motorcycle"
        ), size_mm=(200, 160), patterns=("LLL\n0000",), rows=(1, 1), vehicle="motorcycle",
                paints=(Paint(WHITE, BLACK), Paint(GREEN, WHITE), Paint(BLACK, WHITE))),
    PlateFormat(country="Bangladesh", size_mm=(400, 200), patterns=("@\n99-9999",),
    script="bengali", words=BANGLA, rows=(0.8,
                1),
                paints=(Paint(WHITE, BLACK), Paint(GREEN, WHITE)), weight=2),
    PlateFormat(country=(
            "Bangladesh motorcycle"
        ), size_mm=(230, 160), patterns=("@\n99-9999",), script="bengali", words=BANGLA,
                rows=(0.7, 1), vehicle="motorcycle", weight=1.5),
    PlateFormat(country="Nepal", size_mm=(340, 200), patterns=((
            "@ 99 A\n9999"
        ), "@ ९ A\n999"), script="devanagari", rows=(1, 1),
                words=("बा", "ग", "को", "ना", "लु"),
                paints=(Paint(RED, WHITE), Paint(BLACK, WHITE), Paint(WHITE, RED)),
                weight=1.5),
    PlateFormat(country=(
            "Nepal motorcycle"
        ), size_mm=(200, 160), patterns=("@ 99 A\n9999",), script="devanagari", rows=(1, 1),
                words=("बा", "ग", "को"), paints=(Paint(RED, WHITE),), vehicle="motorcycle"),
    PlateFormat(country=(
            "Maharashtra hand painted"
        ), size_mm=(340, 180), patterns=("एम एच ९९\nA ९९९९".replace("९", "9"),),
                script="devanagari", rows=(1, 1), border=False, weight=0.6),
    PlateFormat(country=(
            "Sri Lanka"
        ), size_mm=(480, 130), patterns=("LLL-0000",), paints=(Paint(WHITE, BLACK), Paint(YELLOW,
                BLACK)),
                band=Band(WHITE, "WP", width=0.35, ink=BLACK)),
    PlateFormat(country=(
            "Sri Lanka old"
        ), size_mm=(300, 180), patterns=("00 @\n0000",), words=("ශ්‍රී",), script="sinhala",
                rows=(1, 1), weight=0.5),
    PlateFormat(country=(
            "China blue"
        ), size_mm=(440, 140), patterns=("@A·99999", "@A·9A999", "@A·99A99"), script="hanzi",
                words=CHINA,
                paints=(Paint(BLUE, WHITE),), weight=4),
    PlateFormat(country=(
            "China green"
        ), size_mm=(480, 140), patterns=("@A D99999", "@A F99999"), script="hanzi", words=CHINA,
                paints=(Paint(WHITE, BLACK, MINT), Paint(MINT, BLACK, (60, 190, 110))), weight=2.5),
    PlateFormat(country=(
            "China yellow"
        ), size_mm=(440, 220), patterns=("@·A\n99999",), script="hanzi", words=CHINA, rows=(0.6,
                1),
                paints=(Paint(YELLOW, BLACK),), vehicle="truck", weight=2),
    PlateFormat(country=(
            "China yellow front"
        ), size_mm=(440, 140), patterns=("@A·99999",), script="hanzi", words=CHINA,
                paints=(Paint(YELLOW, BLACK),), vehicle="bus"),
    PlateFormat(country=(
            "China motorcycle"
        ), size_mm=(220, 140), patterns=("@·A\n99999",), script="hanzi", words=CHINA,
                rows=(0.6, 1),
                paints=(Paint(YELLOW, BLACK), Paint(BLUE, WHITE)), vehicle="motorcycle"),
    PlateFormat(country=(
            "China police"
        ), size_mm=(440, 140), patterns=("@A·9999警",), script="hanzi", words=CHINA, weight=0.5),
    PlateFormat(country=(
            "Hong Kong"
        ), size_mm=(520, 110), patterns=("LL 0000", "LL 000"), border=False,
                paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK))),
    PlateFormat(country=(
            "Hong Kong two rows"
        ), size_mm=(280, 200), patterns=("LL\n0000",), rows=(1, 1), border=False,
                paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK)), weight=0.7),
    PlateFormat(country="Taiwan", size_mm=(380, 160), patterns=("LLL-0000", "0000-LL"), weight=1.5),
    PlateFormat(country=(
            "Taiwan scooter"
        ), size_mm=(260, 140), patterns=("LLL-0000", "LLL-000"), vehicle="motorcycle",
                paints=(Paint(WHITE, BLACK), Paint(GREEN, WHITE), Paint(YELLOW, BLACK)),
                weight=1.5),
    PlateFormat(country="Japan", size_mm=(330, 165), patterns=((
            "@\nA 99-99"
        ), "@\nA ・9-99", "@\nA ・・・9"), script="japanese",
                words=JAPAN,
                rows=(0.42, 1), paints=(Paint(WHITE, DARK_GREEN), Paint(DARK_GREEN, WHITE)),
                border=False, weight=3),
    PlateFormat(country="Japan kei", size_mm=(330, 165), patterns=((
            "@\nA 99-99"
        ),), script="japanese", words=JAPAN, rows=(0.42,
                1),
                paints=(Paint(YELLOW, BLACK), Paint(YELLOW, BLACK), Paint(BLACK, YELLOW)),
                border=False, weight=2.5),
    PlateFormat(country=(
            "Japan motorcycle"
        ), size_mm=(230, 125), patterns=("@\nA 99-99",), script="japanese", rows=(0.42, 1),
                words=("品川", "横浜", "大阪", "多摩", "練馬 C"), vehicle="motorcycle",
                paints=(Paint(WHITE, DARK_GREEN),)),
    PlateFormat(country="Korea", size_mm=LONG, patterns=("99A 9999", (
            "999A 9999"
        )), script="hangul", weight=2.5),
    PlateFormat(country=(
            "Korea electric"
        ), size_mm=LONG, patterns=("99A 9999", "999A 9999"), script="hangul",
                paints=(Paint(SKY, BLACK),)),
    PlateFormat(country=(
            "Korea two rows"
        ), size_mm=(335, 170), patterns=("@ 99\nA 9999",), script="hangul", rows=(0.5, 1),
                weight=1.5,
                words=("서울", "경기", "부산", "대구", "인천"),
                paints=(Paint(DARK_GREEN, WHITE), Paint(YELLOW, BLACK))),
    PlateFormat(country=(
            "Korea motorcycle"
        ), size_mm=(210, 115), patterns=("@ A\n9999",), script="hangul", rows=(0.6, 1),
                words=("서울 강남", "경기 수원", "부산 남"), paints=(Paint(WHITE, BLUE),),
                vehicle="motorcycle"),
    PlateFormat(country="Thailand", size_mm=(340, 150), patterns=((
            "9AA 9999\n@"
        ), "AA 9999\n@"), script="thai", words=THAI,
                rows=(1, 0.42),
                paints=(Paint(WHITE, BLACK), Paint(WHITE, BLACK), Paint(YELLOW, BLACK),
                Paint(WHITE, BLUE), Paint(WHITE,
                GREEN)), weight=3),
    PlateFormat(country=(
            "Thailand motorcycle"
        ), size_mm=(220, 172), patterns=("9AA\n@\n9999", "AAA\n@\n999"), script="thai",
                words=THAI,
                rows=(1, 0.5, 1), vehicle="motorcycle", weight=2.5),
    PlateFormat(country="Laos", size_mm=(340, 150), patterns=("@\nAA 9999",), script="lao",
    words=("ນະຄອນຫຼວງວຽງຈັນ",
                "ຫຼວງພະບາງ"), rows=(0.4, 1),
                paints=(Paint(YELLOW, BLACK), Paint(WHITE, BLUE), Paint(BLUE, WHITE))),
    PlateFormat(country="Cambodia", size_mm=(360, 160), patterns=("@\n0L-0000",), script="khmer",
    words=("ភ្នំពេញ", "សៀមរាប",
                "កណ្តាល"),
                rows=(0.45, 1), paints=(Paint(WHITE, NAVY),), strips=(Strip(((
                        "PHNOM PENH"
                    ), "SIEM REAP"), "bottom", 0.18, None,
                RED),), weight=1.5),
    PlateFormat(country="Vietnam", size_mm=(520, 110), patterns=("00L-000.00", "00L-00000"),
                paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK), Paint(BLUE, WHITE)), weight=1.5),
    PlateFormat(country=(
            "Vietnam two rows"
        ), size_mm=(280, 200), patterns=("00L\n000.00",), rows=(1, 1), vehicle="truck",
                paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK))),
    PlateFormat(country=(
            "Vietnam motorcycle"
        ), size_mm=(190, 140), patterns=("00-L0\n000.00", "00-LL\n0000"), rows=(1, 1),
                vehicle="motorcycle", weight=3),
    PlateFormat(country="Myanmar", size_mm=(340, 150), patterns=("0L-0000", "0L/0000"),
    paints=(Paint(BLACK, WHITE), Paint(RED,
                WHITE)),
                strips=(Strip(("YGN", "MDY"), "top", 0.2),)),
    PlateFormat(country=(
            "Myanmar old"
        ), size_mm=(340, 150), patterns=("A/9999",), script="burmese", paints=(Paint(BLACK,
                WHITE),), weight=0.6),
    PlateFormat(country="Malaysia", size_mm=(470, 110), patterns=("LLL 0000", "L 0000", "LL 000 L"),
    paints=(Paint(BLACK,
                WHITE),),
                border=False, weight=2),
    PlateFormat(country=(
            "Malaysia two rows"
        ), size_mm=(260, 180), patterns=("LLL\n0000", "LL\n000 L"), paints=(Paint(BLACK,
                WHITE),),
                rows=(1, 1), border=False, weight=1.2),
    PlateFormat(country=(
            "Malaysia motorcycle"
        ), size_mm=(200, 140), patterns=("LLL\n0000",), paints=(Paint(BLACK, WHITE),),
                rows=(1, 1),
                border=False, vehicle="motorcycle"),
    PlateFormat(country="Singapore", size_mm=(520, 110), patterns=("LLL 0000 L",), border=False,
                paints=(Paint(BLACK, WHITE), Paint(WHITE, BLACK), Paint(YELLOW, BLACK))),
    PlateFormat(country="Indonesia", size_mm=(430, 135), patterns=((
            "L 0000 LLL\n00·00"
        ), "LL 0000 LL\n00·00"), rows=(1, 0.35),
                weight=3,
                paints=(Paint(BLACK, WHITE), Paint(WHITE, BLACK), Paint(YELLOW, BLACK),
                Paint(RED, WHITE))),
    PlateFormat(country=(
            "Indonesia motorcycle"
        ), size_mm=(275, 110), patterns=("L 0000 LLL\n00·00",), rows=(1, 0.4),
                vehicle="motorcycle",
                paints=(Paint(BLACK, WHITE), Paint(WHITE, BLACK)), weight=2.5),
    PlateFormat(country="Philippines", size_mm=(390, 140), patterns=("LLL 0000", "LLL 000"),
    weight=1.5,
                paints=(Paint(WHITE, BLACK), Paint(WHITE, DARK_GREEN), Paint(YELLOW, BLACK)),
                strips=(Strip(("PILIPINAS", (
                        "MATATAG NA REPUBLIKA"
                    ), "REGION IV-A"), "bottom", 0.18),)),
    PlateFormat(country=(
            "Philippines motorcycle"
        ), size_mm=(235, 135), patterns=("000\nLLL", "0000 LL\nNCR"), rows=(1, 1),
                vehicle="motorcycle"),
    PlateFormat(country="Mongolia", size_mm=LONG, patterns=("9999 AAA",), script="mongolian",
    band=Band(WHITE, "MNG", width=0.3,
                ink=RED)),
    PlateFormat(country="Kazakhstan", size_mm=LONG, patterns=("000 LLL",),
    band=Band((0, 165, 190), "KZ", width=0.28),
                weight=1.2),
    PlateFormat(country=(
            "Kazakhstan two rows"
        ), size_mm=(280, 200), patterns=("000 KZ\n00 LLL",), rows=(1, 1), weight=0.7),
    PlateFormat(country="Uzbekistan", size_mm=LONG, patterns=((
            "00 L 000 LL"
        ),), band=Band(WHITE, "UZ", "right", 0.35, (0, 130,
                170))),
    PlateFormat(country="Kyrgyzstan", size_mm=LONG, patterns=((
            "01 KG 000 LLL"
        ).replace("01", "00"),), band=Band(RED, "KG",
                width=0.28)),
    PlateFormat(country="Azerbaijan", size_mm=LONG, patterns=("00 LL 000",),
    band=Band(WHITE, "AZ", width=0.28, ink=BLUE)),
    PlateFormat(country=(
            "Armenia old"
        ), size_mm=LONG, patterns=("99 AA 999",), script="armenian", weight=0.4),
    PlateFormat(country=(
            "Georgia old"
        ), size_mm=LONG, patterns=("AAA-999",), script="georgian", weight=0.4),
    PlateFormat(country="Israel", size_mm=LONG, patterns=("999-99-999", "99-999-99"),
    script="hebrew", paints=(Paint(YELLOW,
                BLACK),),
                band=Band(EU_BLUE, "IL", width=0.35), weight=2),
    PlateFormat(country=(
            "Israel two rows"
        ), size_mm=(275, 152), patterns=("999\n99-999", "99\n999-99"), script="hebrew", rows=(1,
                1),
                paints=(Paint(YELLOW, BLACK),), band=Band(EU_BLUE, "IL", width=0.25)),
    PlateFormat(country=(
            "Israel police"
        ), size_mm=LONG, patterns=("99-999 @",), script="hebrew", words=("מ", "צ"),
                paints=(Paint(RED, WHITE),),
                weight=0.4),
    PlateFormat(country="Palestine", size_mm=LONG, patterns=("0-0000-00",),
    paints=(Paint(WHITE, DARK_GREEN), Paint(GREEN,
                WHITE)), weight=0.6),
    PlateFormat(country="Jordan", size_mm=LONG, patterns=("00-00000",),
    band=Band(WHITE, "الأردن\nJOR", "left", 0.7, BLACK)),
    PlateFormat(country="Lebanon", size_mm=LONG, patterns=((
            "L 000000"
        ),), band=Band(BLUE, "لبنان", width=0.45)),
    PlateFormat(country="Syria", size_mm=LONG, patterns=("999999",), script="arabic", weight=0.6,
    band=Band(RED, "سورية",
                width=0.4)),
    PlateFormat(country="Saudi Arabia", size_mm=(320, 155), patterns=((
            "9999  A A A\n0000  L L L"
        ),), script="arabic", rows=(1,
                1), divider=True,
                band=Band(WHITE, "K\nS\nA", "right", 0.2, BLACK),
                paints=(Paint(WHITE, BLACK), Paint(WHITE, BLACK), Paint(SKY,
                BLACK)), weight=2.5),
    PlateFormat(country=(
            "Saudi Arabia long"
        ), size_mm=LONG, patterns=("0000 L L L", "9999 A A A"), script="arabic",
                band=Band(WHITE, "K\nS\nA", "right", 0.3, BLACK)),
    PlateFormat(country="Dubai", size_mm=LONG, patterns=("L 00000", "0 00000"), strips=(Strip(((
            "DUBAI دبي"
        ),), "top", 0.26, None,
                RED),), border=False),
    PlateFormat(country="UAE", size_mm=(335, 155), patterns=((
            "L 00000"
        ),), paints=(Paint(WHITE, BLACK), Paint(WHITE, RED)),
                strips=(Strip(("الإمارات U.A.E",), "top", 0.25), Strip(((
                        "ABU DHABI أبوظبي"
                    ), "SHARJAH"), "bottom", 0.2)),
                weight=1.5),
    PlateFormat(country="Qatar", size_mm=(320, 140), patterns=("000000",), strips=(Strip(((
            "QATAR قطر"
        ),), "top", 0.25, MAROON,
                WHITE),)),
    PlateFormat(country="Kuwait", size_mm=(320, 155), patterns=("00 00000",), strips=(Strip(((
            "KUWAIT الكويت"
        ),), "top", 0.28),)),
    PlateFormat(country="Oman", size_mm=(335, 155), patterns=((
            "00000 L L"
        ),), paints=(Paint(YELLOW, BLACK), Paint(RED, WHITE)),
                band=Band(YELLOW, "عمان\nOMAN", "left", 0.5, BLACK)),
    PlateFormat(country="Iraq", size_mm=LONG, patterns=((
            "00 L 00000"
        ),), band=Band(WHITE, "IRQ\nKR", "left", 0.35, BLACK)),
    PlateFormat(country="Iraq old", size_mm=(340, 150), patterns=("@\n999999",), script="arabic",
    words=((
            "بغداد العراق"
        ),
                "البصرة العراق", "أربيل العراق"),
                rows=(0.5, 1), paints=(Paint(WHITE, BLACK), Paint(RED, WHITE), Paint(SKY, BLACK)),
                weight=1.5),
    PlateFormat(country="Iran", size_mm=LONG, patterns=((
            "99 A 999 99"
        ),), script="persian", paints=(Paint(WHITE,
                BLACK),) * 3 + (Paint(YELLOW, BLACK),),
                band=Band(EU_BLUE, "I.R.\nIRAN", width=0.35), weight=2.5),
    PlateFormat(country=(
            "Iran motorcycle"
        ), size_mm=(220, 170), patterns=("999\n99999",), script="persian", rows=(1, 1),
                vehicle="motorcycle"),
    PlateFormat(country="Afghanistan", size_mm=(340, 160), patterns=("9 99999\n@",),
    script="persian", words=("کابل", "هرات",
                "کندهار"),
                rows=(1, 0.5), paints=(Paint(WHITE, BLACK), Paint(RED, WHITE))),
    PlateFormat(country="Yemen", size_mm=(335, 155), patterns=((
            "9 / 99999"
        ),), script="arabic", strips=(Strip(("اليمن",), "top",
                0.3),),
                paints=(Paint(BLUE, WHITE), Paint(WHITE, BLACK))),
]  # fmt: skip

AFRICA_AND_OCEANIA = [
    PlateFormat(country="Egypt", size_mm=(350, 170), patterns=((
            "9999  A A A"
        ), "999  A A A"), script="arabic", weight=2.5,
                strips=(Strip(("EGYPT        مصر",), "top", 0.3, (120, 180, 225), BLACK),)),
    PlateFormat(country="Egypt taxi", size_mm=(350, 170), patterns=((
            "9999  A A A"
        ),), script="arabic",
                strips=(Strip(("EGYPT        مصر",), "top", 0.3, ORANGE, BLACK),)),
    PlateFormat(country="Morocco", size_mm=LONG, patterns=((
            "00000 | @ | 0"
        ), "0000 | @ | 00"), script="arabic", words=("أ", "ب",
                "د", "ه", "و"), weight=1.3),
    PlateFormat(country="Algeria", size_mm=LONG, patterns=((
            "00000 000 00"
        ),), paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK)),
                border=False, weight=1.3),
    PlateFormat(country="Tunisia", size_mm=LONG, patterns=((
            "000 @ 0000"
        ),), script="arabic", words=("تونس",),
                paints=(Paint(BLACK, WHITE),), weight=1.3),
    PlateFormat(country="Libya", size_mm=LONG, patterns=("00-00000",),
    band=Band(WHITE, "ليبيا", width=0.45, ink=BLACK)),
    PlateFormat(country="Sudan", size_mm=(350, 170), patterns=((
            "9 @ 99999"
        ),), script="arabic", words=("خ", "ج"),
                strips=(Strip(("SUDAN السودان",), "top", 0.25),)),
    PlateFormat(country="Nigeria", size_mm=(360, 160), patterns=("LLL-000LL", (
            "LLL 000 LL"
        )), paints=(Paint(WHITE, BLUE),
                Paint(WHITE, RED)), weight=2,
                strips=(Strip(((
                        "LAGOS  CENTRE OF EXCELLENCE"
                    ), "ABUJA  CENTRE OF UNITY"), "top", 0.2, None, BLUE),
                        Strip(("FEDERAL REPUBLIC OF NIGERIA",), "bottom", 0.14, None, DARK_GREEN))),
    PlateFormat(country="Kenya", size_mm=LONG, patterns=((
            "KLL 000L"
        ),), paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK)),
                weight=1.5),
    PlateFormat(country=(
            "Kenya two rows"
        ), size_mm=(280, 200), patterns=("KLL\n000L",), rows=(1, 1), paints=(Paint(YELLOW,
                BLACK), Paint(WHITE, BLACK))),
    PlateFormat(country=(
            "Kenya motorcycle"
        ), size_mm=(200, 160), patterns=("KMLL\n000L",), rows=(1, 1), vehicle="motorcycle",
                paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK))),
    PlateFormat(country="Tanzania", size_mm=LONG, patterns=((
            "T 000 LLL"
        ),), paints=(Paint(YELLOW, BLACK), Paint(WHITE, BLACK))),
    PlateFormat(country="Uganda", size_mm=LONG, patterns=((
            "ULL 000L"
        ),), paints=(Paint(WHITE, BLACK), Paint(YELLOW, BLACK))),
    PlateFormat(country=(
            "Uganda boda"
        ), size_mm=(220, 170), patterns=("ULL\n000L",), rows=(1, 1), vehicle="motorcycle",
                weight=0.7),
    PlateFormat(country=(
            "South Africa"
        ), size_mm=(440, 120), patterns=("LL 00 LL GP", "LLL 000 L", "CA 000-000"), weight=1.5,
                paints=(Paint(WHITE, BLUE), Paint(WHITE, BLACK), Paint(YELLOW, BLACK),
                Paint(WHITE, DARK_GREEN)), border=False),
    PlateFormat(country=(
            "South Africa two rows"
        ), size_mm=(250, 205), patterns=("LL 00\nLL GP",), rows=(1, 1),
                paints=(Paint(WHITE, BLUE),), weight=0.7),
    PlateFormat(country="Ghana", size_mm=LONG, patterns=((
            "GT 0000-00"
        ), "GR 000-00"), paints=(Paint(WHITE, BLACK), Paint(AMBER,
                BLACK)), weight=1.3),
    PlateFormat(country=(
            "Ghana motorcycle"
        ), size_mm=(220, 160), patterns=("M-00-LL\n0000",), rows=(1, 1), vehicle="motorcycle",
                weight=0.7),
    PlateFormat(country="Ethiopia", size_mm=LONG, patterns=((
            "0 @ L00000"
        ),), script="ethiopic", words=("አአ", "ኦሮ", "አማ"),
                weight=1.3,
                paints=(Paint(WHITE, BLUE), Paint(WHITE, DARK_GREEN), Paint(WHITE, RED))),
    PlateFormat(country=(
            "Ethiopia two rows"
        ), size_mm=(280, 200), patterns=("0 @\n00000",), script="ethiopic", words=("አአ",
                "ኦሮ"), rows=(1, 1),
                paints=(Paint(WHITE, BLUE), Paint(WHITE, RED))),
    PlateFormat(country="Senegal", size_mm=LONG, patterns=("LL-0000-L", "LL 000 LL"),
    paints=(Paint(BLUE, WHITE), Paint(WHITE,
                BLACK))),
    PlateFormat(country=(
            "Ivory Coast"
        ), size_mm=LONG, patterns=("0000 LL 00",), paints=(Paint(BLUE, WHITE), Paint(WHITE,
                BLACK))),
    PlateFormat(country="Cameroon", size_mm=LONG, patterns=((
            "LT 000 LL"
        ),), paints=(Paint(ORANGE, BLACK),)),
    PlateFormat(country="DR Congo", size_mm=LONG, patterns=("0000LL/00",),
    paints=(Paint(WHITE, NAVY), Paint(YELLOW, BLACK)),
                band=Band(SKY, "CGO")),
    PlateFormat(country="Angola", size_mm=LONG, patterns=("LD-00-00-LL",), weight=0.8),
    PlateFormat(country="Mozambique", size_mm=LONG, patterns=("LLL 000 MP",), weight=0.8),
    PlateFormat(country="Zimbabwe", size_mm=LONG, patterns=("LLL 0000",),
    paints=(Paint(YELLOW, BLACK),), weight=0.8),
    PlateFormat(country="Zambia", size_mm=LONG, patterns=((
            "LLL 0000"
        ),), paints=(Paint(AMBER, BLACK), Paint(WHITE, BLACK)),
                weight=0.8),
    PlateFormat(country="Rwanda", size_mm=LONG, patterns=((
            "RLL 000L"
        ),), paints=(Paint(YELLOW, BLACK), Paint(WHITE, BLACK)),
                weight=0.8),
    PlateFormat(country="Madagascar", size_mm=LONG, patterns=("0000 LLL",),
    paints=(Paint(BLACK, WHITE), Paint(WHITE, BLACK)),
                weight=0.8),
    PlateFormat(country=(
            "New South Wales"
        ), size_mm=(372, 134), patterns=("LL-00-LL", "LLL-00L"), paints=(Paint(YELLOW, BLACK),
                Paint(WHITE, BLACK)),
                strips=(Strip(("NEW SOUTH WALES", (
                        "NSW - THE FIRST STATE"
                    )), "bottom", 0.2),), weight=1.2),
    PlateFormat(country="Victoria", size_mm=(372, 134), patterns=("0LL·0LL", "LLL·000"),
    paints=(Paint(WHITE, NAVY),
                Paint(WHITE, DARK_GREEN)),
                strips=(Strip(((
                        "VICTORIA - THE EDUCATION STATE"
                    ), "VICTORIA - THE PLACE TO BE"), "bottom", 0.2),)),
    PlateFormat(country="Queensland", size_mm=(372, 134), patterns=("000·LL0", "000-LLL"),
    paints=(Paint(WHITE, MAROON),),
                strips=(Strip(("QUEENSLAND - SUNSHINE STATE",), "bottom", 0.2),)),
    PlateFormat(country=(
            "Australia slim"
        ), size_mm=(372, 100), patterns=("LLL 000",), paints=(Paint(BLACK, WHITE), Paint(BLACK,
                YELLOW), Paint(WHITE, BLACK))),
    PlateFormat(country=(
            "Australia motorcycle"
        ), size_mm=(180, 130), patterns=("LL\n000", "0L\n0LL"), rows=(1, 1),
                vehicle="motorcycle",
                paints=(Paint(WHITE, NAVY), Paint(YELLOW, BLACK))),
    PlateFormat(country=(
            "New Zealand"
        ), size_mm=(360, 125), patterns=("LLL000", "LL0000"), border=False, weight=1.3),
    PlateFormat(country=(
            "New Zealand motorcycle"
        ), size_mm=(190, 120), patterns=("00\nLLL",), rows=(1, 1), border=False,
                vehicle="motorcycle"),
    PlateFormat(country="Fiji", size_mm=(360, 125), patterns=((
            "LL 000"
        ),), paints=(Paint(WHITE, BLACK), Paint(YELLOW,
                DARK_GREEN)), weight=0.5),
]  # fmt: skip

FORMATS: tuple[PlateFormat, ...] = (*EUROPE, *AMERICAS, *ASIA, *AFRICA_AND_OCEANIA)
"""Every format. European ones are many, so their weights are divided below."""

EUROPEAN_SHARE = 0.22
"""Share of plates drawn from `EUROPE`: its countries look alike, so the rest of the world gets the
room."""


def pick_format(
    rng: np.random.Generator,
    formats: tuple[PlateFormat, ...] = FORMATS,
    two_row: bool | None = None,
) -> PlateFormat:
    """A format by lot, by weight. `two_row` keeps to those with two rows, or with one."""
    pool = [f for f in formats if two_row is None or f.is_two_row == two_row]
    european = {id(f) for f in EUROPE}
    weights = np.array([f.weight for f in pool])
    inside = np.array([id(f) in european for f in pool])
    if inside.any() and not inside.all():
        weights[inside] *= (
            EUROPEAN_SHARE / (1 - EUROPEAN_SHARE) * weights[~inside].sum() / weights[inside].sum()
        )
    return pool[int(rng.choice(len(pool), p=weights / weights.sum()))]


def random_tokens(rng: np.random.Generator, fmt: PlateFormat) -> list[list[str]]:
    """Characters for one plate: per row, a list of tokens to be spaced apart.

    Words stay whole, as their letters may join.
    """
    pattern = str(rng.choice(fmt.patterns))
    return [[_token(rng, fmt, sign) for sign in row] for row in pattern.split("\n")]


def _token(rng: np.random.Generator, fmt: PlateFormat, sign: str) -> str:
    script = SCRIPTS[fmt.script]
    choices = {
        "A": script.letters,
        "9": script.digits,
        "L": LATIN_LETTERS,
        "0": LATIN_DIGITS,
        "@": fmt.words,
    }.get(sign, (sign,))
    return str(choices[int(rng.integers(len(choices)))])
