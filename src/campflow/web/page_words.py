"""What the small pages say: errors, unsubscribing, the link that is for nobody. In each language of SPOKEN."""

from collections.abc import Mapping

#: By language and status: a heading and a sentence.
ERRORS: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "en": {
        400: ("Not understood", "What was sent is not what this page asks for, so nothing of it was kept."),
        403: (
            "Not from here",
            "This form was sent from another site, so nothing of it was kept. Please fill it in on its own page.",
        ),
        404: (
            "Not found",
            "There is nothing at this address. If you came here from a message, its link may have been cut off.",
        ),
        405: ("Not allowed", "This address cannot be used that way."),
        408: ("Too slow", "It took too long until everything was here."),
        413: ("Too large", "That is too much at once."),
        415: ("Not readable", "This cannot be sent in that form."),
        429: ("Too often", "That was too often. Please wait a moment and try again."),
        500: ("An error", "Something went wrong here. It has been noted; please try again later."),
        503: ("Not now", "This cannot be done just now. Please try again in a moment."),
    },
    "fr": {
        400: ("Demande incomprise", "L'envoi ne correspond pas à ce que cette page demande : rien n'a été gardé."),
        403: (
            "Envoi refusé",
            "Ce formulaire vient d'un autre site, rien n'a été gardé. Merci de le remplir sur sa propre page.",
        ),
        404: (
            "Page introuvable",
            "Il n'y a rien à cette adresse. Si vous venez d'un message, son lien a peut-être été coupé.",
        ),
        405: ("Non autorisé", "Cette adresse ne s'utilise pas ainsi."),
        408: ("Trop lent", "L'envoi a pris trop de temps."),
        413: ("Trop volumineux", "C'est trop à la fois."),
        415: ("Illisible", "Cela ne peut pas être envoyé sous cette forme."),
        429: ("Trop souvent", "C'était trop souvent. Merci d'attendre un instant, puis d'essayer à nouveau."),
        500: ("Une erreur", "Quelque chose n'a pas marché ici. C'est noté ; merci d'essayer plus tard."),
        503: ("Pas maintenant", "C'est impossible à l'instant. Merci d'essayer à nouveau dans un moment."),
    },
    "de": {
        400: ("Nicht verstanden", "Das ist nicht, wonach diese Seite fragt. Es wurde nichts gespeichert."),
        403: (
            "Nicht von hier",
            "Dieses Formular kam von einer anderen Seite, es wurde nichts gespeichert. "
            "Bitte füllen Sie es auf seiner eigenen Seite aus.",
        ),
        404: (
            "Nicht gefunden",
            "Unter dieser Adresse gibt es nichts. Falls Sie aus einer Nachricht kommen, "
            "ist deren Link vielleicht abgeschnitten.",
        ),
        405: ("Nicht möglich", "So kann diese Adresse nicht verwendet werden."),
        408: ("Zu langsam", "Es hat zu lange gedauert, bis alles da war."),
        413: ("Zu groß", "Das ist zu viel auf einmal."),
        415: ("Nicht lesbar", "In dieser Form kann das nicht gesendet werden."),
        429: ("Zu oft", "Das war zu oft. Bitte warten Sie einen Augenblick und versuchen Sie es noch einmal."),
        500: (
            "Ein Fehler",
            "Hier ging etwas schief. Es ist vermerkt; bitte versuchen Sie es später noch einmal.",
        ),
        503: ("Gerade nicht", "Das geht im Augenblick nicht. Bitte versuchen Sie es gleich noch einmal."),
    },
}

OTHER_ERROR: Mapping[str, str] = {
    "en": "This request cannot be answered.",
    "fr": "Cette demande ne peut pas recevoir de réponse.",
    "de": "Diese Anfrage kann nicht beantwortet werden.",
}

UNSUBSCRIBING: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Unsubscribe",
        "from": "You will get no more messages of this kind from {name}.",
        "text": "You will get no more messages of this kind.",
        "button": "Unsubscribe",
        "done": "You are unsubscribed",
    },
    "fr": {
        "title": "Se désabonner",
        "from": "Vous ne recevrez plus de messages de ce type de {name}.",
        "text": "Vous ne recevrez plus de messages de ce type.",
        "button": "Me désabonner",
        "done": "Vous êtes désabonné",
    },
    "de": {
        "title": "Abbestellen",
        "from": "Sie bekommen keine Nachrichten dieser Art mehr von {name}.",
        "text": "Sie bekommen keine Nachrichten dieser Art mehr.",
        "button": "Abbestellen",
        "done": "Sie sind abgemeldet",
    },
}

FOR_NOBODY: Mapping[str, tuple[str, str]] = {
    "en": ("Nothing here", "This link is for nobody: it shows which programs follow every link of a mail."),
    "fr": ("Rien ici", "Ce lien n'est pour personne : il montre quels programmes suivent tous les liens d'un message."),
    "de": (
        "Hier ist nichts",
        "Dieser Link ist für niemanden: Er zeigt, welche Programme jedem Link folgen.",
    ),
}
