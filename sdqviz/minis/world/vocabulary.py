"""The words of the minis' world: objects, grounds, colours, places, sizes and positions."""

# Name -> its character in Unicode, by which both emoji styles name their pictures.
NAMES: dict[str, str] = {
    "red apple": "\U0001f34e",
    "banana": "\U0001f34c",
    "strawberry": "\U0001f353",
    "watermelon": "\U0001f349",
    "carrot": "\U0001f955",
    "hamburger": "\U0001f354",
    "doughnut": "\U0001f369",
    "cupcake": "\U0001f9c1",
    "dog face": "\U0001f436",
    "cat face": "\U0001f431",
    "panda": "\U0001f43c",
    "fox": "\U0001f98a",
    "frog": "\U0001f438",
    "pig face": "\U0001f437",
    "monkey face": "\U0001f435",
    "penguin": "\U0001f427",
    "octopus": "\U0001f419",
    "butterfly": "\U0001f98b",
    "ladybug": "\U0001f41e",
    "fish": "\U0001f420",
    "rocket": "\U0001f680",
    "car": "\U0001f697",
    "sailboat": "\u26f5",
    "umbrella": "\u2602",
    "balloon": "\U0001f388",
    "key": "\U0001f511",
    "bell": "\U0001f514",
    "gift": "\U0001f381",
    "guitar": "\U0001f3b8",
    "sun": "\U0001f31e",
    "moon": "\U0001f319",
    "star": "\u2b50",
    "cactus": "\U0001f335",
    "sunflower": "\U0001f33b",
    "mushroom": "\U0001f344",
    "pumpkin": "\U0001f383",
    "heart": "\u2764",
    "soccer ball": "\u26bd",
    "basketball": "\U0001f3c0",
    "crown": "\U0001f451",
}

# sRGB, 0 to 255.
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (246, 142, 30),
    "yellow": (252, 222, 70),
    "green": (52, 160, 72),
    "teal": (18, 138, 138),
    "cyan": (126, 220, 236),
    "blue": (45, 98, 216),
    "navy": (22, 32, 92),
    "purple": (126, 62, 180),
    "pink": (250, 164, 194),
    "brown": (124, 80, 46),
    "white": (246, 246, 246),
    "gray": (130, 130, 130),
    "black": (20, 20, 20),
}

SIZES = ("small", "medium", "large")
POSITIONS = {
    "centre": "",
    "left": "on the left",
    "right": "on the right",
    "top": "at the top",
    "bottom": "at the bottom",
}

# "plain" is the one without a word: a background of one colour, with a light on it.
PATTERNS = ("plain", "cloudy", "striped", "checkered", "dotted", "wooden")

PLACES = {
    "forest": "in the forest",
    "park": "in the park",
    "city": "in the city",
    "apartment": "in the apartment",
    "studio": "in the studio",
    "sky": "in the sky",
    "sunset": "at the sunset",
    "workshop": "in the workshop",
}

# Shaded (Fluent Emoji 3D) and flat (Noto); never in a caption, the seed chooses.
STYLES = ("shaded", "flat")
