"""What the preference centre says, in the languages that it speaks."""

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    "title": "What would you like to get?",
    "from": "Messages from {name}.",
    "nothing_known": "At present there is nothing to choose.",
    "other": "Other messages",
    "yes": "yes",
    "no": "no",
    "silent": "By {channel} nothing reaches you at present: a message came back, or was reported as unwanted. "
    "Write to us to change that.",
    "pause": "A pause",
    "pause_none": "No pause",
    "pause_keep": "Paused until {date}",
    "pause_end": "End the pause now",
    "pause_days": "Send me nothing for {days} days, but for what must reach me, such as receipts",
    "save": "Save",
    "stop": "Stop everything",
    "saved_title": "Saved",
    "saved": "From now on it is as you say. You can come back to this page at any time.",
    "unchanged": "Nothing was different from before, and nothing was changed.",
    "back": "Back to the choices",
    "stale": "This page lay open for too long, so nothing was saved. Please choose again.",
    "email": "e-mail",
    "sms": "text message",
    "letter": "letter",
}

FRENCH: Mapping[str, str] = {
    "title": "Que souhaitez-vous recevoir ?",
    "from": "Messages de {name}.",
    "nothing_known": "Il n'y a rien à choisir pour le moment.",
    "other": "Autres messages",
    "yes": "oui",
    "no": "non",
    "silent": "Rien ne vous parvient actuellement par {channel} : un message est revenu ou a été signalé comme "
    "indésirable. Écrivez-nous pour changer cela.",
    "pause": "Une pause",
    "pause_none": "Pas de pause",
    "pause_keep": "En pause jusqu'au {date}",
    "pause_end": "Terminer la pause maintenant",
    "pause_days": "Ne rien m'envoyer pendant {days} jours, sauf l'indispensable, par exemple un reçu",
    "save": "Enregistrer",
    "stop": "Tout arrêter",
    "saved_title": "C'est enregistré",
    "saved": "Vos choix valent dès maintenant. Vous pouvez revenir sur cette page à tout moment.",
    "unchanged": "Rien n'a changé par rapport à vos choix précédents.",
    "back": "Revenir aux choix",
    "stale": "Cette page est restée ouverte trop longtemps, rien n'a été enregistré. Veuillez choisir à nouveau.",
    "email": "e-mail",
    "sms": "SMS",
    "letter": "lettre",
}

GERMAN: Mapping[str, str] = {
    "title": "Was möchten Sie erhalten?",
    "from": "Nachrichten von {name}.",
    "nothing_known": "Zurzeit gibt es nichts zu wählen.",
    "other": "Übrige Nachrichten",
    "yes": "ja",
    "no": "nein",
    "silent": "Per {channel} erreicht Sie zurzeit nichts: Eine Nachricht kam zurück oder wurde als unerwünscht "
    "gemeldet. Schreiben Sie uns, um das zu ändern.",
    "pause": "Eine Pause",
    "pause_none": "Keine Pause",
    "pause_keep": "Pause bis {date}",
    "pause_end": "Pause jetzt beenden",
    "pause_days": "{days} Tage lang nichts schicken, außer was mich erreichen muss, etwa Belege",
    "save": "Speichern",
    "stop": "Alles abbestellen",
    "saved_title": "Gespeichert",
    "saved": "Ab jetzt gilt, was Sie gewählt haben. Sie können jederzeit auf diese Seite zurückkommen.",
    "unchanged": "Es war nichts anders als zuvor, und nichts wurde geändert.",
    "back": "Zurück zur Auswahl",
    "stale": "Diese Seite war zu lange offen, es wurde nichts gespeichert. Bitte wählen Sie noch einmal.",
    "email": "E-Mail",
    "sms": "SMS",
    "letter": "Brief",
}

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "fr": FRENCH, "de": GERMAN}
