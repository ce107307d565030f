"""What forms and the pages around them say to visitors, by language; English where a language is not here."""

from collections.abc import Mapping

_ENGLISH: Mapping[str, str] = {
    "send": "Send",
    "optional": "optional",
    "wrong": "Please check what you wrote",
    "choose": "Please choose",
    "required": "This is needed.",
    "agree": "Please tick this box to go on.",
    "email": "This is not an e-mail address. Write one such as name@example.com.",
    "phone": "This is not a phone number. Begin with + and the code of the country, as in +33 6 12 34 56 78.",
    "url": "This is not a web address. Write one that begins with https://.",
    "integer": "This is not a whole number.",
    "number": "This is not a number.",
    "money": "This is not an amount. Write one such as 12.50.",
    "date": "This is not a date. Write year, month and day, as in 2026-12-31.",
    "time": "This is not a time. Write date and time, as in 2026-12-31 09:00.",
    "choice": "Please choose one of these.",
    "other": "This cannot be read. Please check it.",
    "characters": "There are characters in it that cannot be kept. Please write it again.",
    "long": "This is too long.",
    "again": "That was quick, or this page was open for a long time. Please look it over and send it once more.",
    "thanks": "Thank you",
    "received": "We have received what you sent.",
    "mailed": "Please look into your mailbox: the mail that we are sending you asks whether it was you.",
    "confirm": "Was it you?",
    "confirming": "Press the button to confirm your e-mail address and what you sent us.",
    "yes": "Yes, it was me",
    "confirmed": "Your e-mail address is confirmed.",
    "expired": "This link has expired",
    "expired_more": "Please fill in the form again: you will get a new mail.",
}

_FRENCH: Mapping[str, str] = {
    "send": "Envoyer",
    "optional": "facultatif",
    "wrong": "Merci de vérifier votre saisie",
    "choose": "Choisissez",
    "required": "Ce champ est nécessaire.",
    "agree": "Cochez cette case pour continuer.",
    "email": "Ce n'est pas une adresse e-mail. Écrivez par exemple nom@exemple.com.",
    "phone": "Ce n'est pas un numéro de téléphone. Commencez par + et l'indicatif du pays : +33 6 12 34 56 78.",
    "url": "Ce n'est pas une adresse web. Elle commence par https://.",
    "integer": "Ce n'est pas un nombre entier.",
    "number": "Ce n'est pas un nombre.",
    "money": "Ce n'est pas un montant. Écrivez par exemple 12.50.",
    "date": "Ce n'est pas une date. Écrivez année, mois et jour : 2026-12-31.",
    "time": "Ce n'est pas une heure. Écrivez la date et l'heure : 2026-12-31 09:00.",
    "choice": "Choisissez l'une de ces réponses.",
    "other": "Cette saisie ne peut pas être lue. Merci de la vérifier.",
    "characters": "Cette saisie contient des caractères qui ne peuvent pas être gardés. Merci de la réécrire.",
    "long": "C'est trop long.",
    "again": "C'était rapide, ou cette page est ouverte depuis longtemps. Merci d'envoyer encore une fois.",
    "thanks": "Merci",
    "received": "Nous avons bien reçu votre envoi.",
    "mailed": "Regardez votre messagerie : le message que nous vous envoyons demande si c'était vous.",
    "confirm": "Était-ce vous ?",
    "confirming": "Appuyez sur le bouton pour confirmer votre adresse e-mail et votre envoi.",
    "yes": "Oui, c'était moi",
    "confirmed": "Votre adresse e-mail est confirmée.",
    "expired": "Ce lien a expiré",
    "expired_more": "Merci de remplir le formulaire encore une fois : vous recevrez un nouveau message.",
}

_GERMAN: Mapping[str, str] = {
    "send": "Senden",
    "optional": "freiwillig",
    "wrong": "Bitte prüfen Sie Ihre Angaben",
    "choose": "Bitte wählen",
    "required": "Diese Angabe wird gebraucht.",
    "agree": "Bitte setzen Sie diesen Haken.",
    "email": "Das ist keine E-Mail-Adresse. Schreiben Sie zum Beispiel name@example.com.",
    "phone": "Das ist keine Telefonnummer. Beginnen Sie mit + und der Vorwahl des Landes: +49 151 23456789.",
    "url": "Das ist keine Webadresse. Sie beginnt mit https://.",
    "integer": "Das ist keine ganze Zahl.",
    "number": "Das ist keine Zahl.",
    "money": "Das ist kein Betrag. Schreiben Sie zum Beispiel 12.50.",
    "date": "Das ist kein Datum. Schreiben Sie Jahr, Monat und Tag: 2026-12-31.",
    "time": "Das ist keine Zeit. Schreiben Sie Datum und Uhrzeit: 2026-12-31 09:00.",
    "choice": "Bitte wählen Sie eine dieser Antworten.",
    "other": "Das kann nicht gelesen werden. Bitte prüfen Sie es.",
    "characters": "Darin stehen Zeichen, die nicht gespeichert werden können. Bitte schreiben Sie es neu.",
    "long": "Das ist zu lang.",
    "again": "Das ging schnell, oder diese Seite war lange offen. Bitte senden Sie noch einmal.",
    "thanks": "Danke",
    "received": "Wir haben Ihre Angaben erhalten.",
    "mailed": "Bitte sehen Sie in Ihr Postfach: Wir schicken Ihnen eine Nachricht und fragen, ob Sie das waren.",
    "confirm": "Waren Sie das?",
    "confirming": "Drücken Sie den Knopf, um Ihre E-Mail-Adresse und Ihre Angaben zu bestätigen.",
    "yes": "Ja, das war ich",
    "confirmed": "Ihre E-Mail-Adresse ist bestätigt.",
    "expired": "Dieser Link ist abgelaufen",
    "expired_more": "Bitte füllen Sie das Formular noch einmal aus: Sie bekommen eine neue Nachricht.",
}

_ALL = {"en": _ENGLISH, "fr": _FRENCH, "de": _GERMAN}


class Words:
    """The words of one language: `words["send"]`. `tag` is what the page says its language is."""

    def __init__(self, language: str | None) -> None:
        known = (language or "").replace("_", "-").lower()
        self.tag = known or "en"
        self._words = _ALL.get(known.partition("-")[0], _ENGLISH)
        #: The language that the words are in, where it is not the page's.
        self.lang = known.partition("-")[0] if known.partition("-")[0] in _ALL else "en"

    def __getitem__(self, key: str) -> str:
        return self._words[key]

    def of_kind(self, kind: str) -> str:
        """What is wrong with a value that is none of this kind."""
        return self._words.get(kind, self._words["other"])
