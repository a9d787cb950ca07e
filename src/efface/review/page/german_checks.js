// Checks of a copy, in German: their names, how they ended, what they found, and why one did not look. See checks/.

export const GERMAN_CHECKS = {
  coverage: "Geschwärzte Bereiche",
  "second look": "Zweiter Blick nach Gesichtern und Kennzeichen",
  leftovers: "Verborgene Daten (Ort, Kamera, Namen)",
  fidelity: "Der Rest des Bildes",
  hashes: "Die richtigen Dateien",
  sound: "Ton",
  credentials: "Die Signatur",
  clean: "sauber",
  "not clean": "nicht sauber",
  "needs review": "braucht Durchsicht",
  "not looked": "nicht geprüft",

  // Why a check did not look
  "it was not asked for (--verify off)": "sie wurde nicht verlangt (Einstellungen, „Prüfung vor dem Speichern“)",
  "not every frame could be compared with the source's": "nicht jedes Bild ließ sich mit dem Original vergleichen",
  "there is neither source nor plan to compare it with": "es gibt weder Original noch Plan zum Vergleichen",
  "there is no {what} to compare it with": "zum Vergleichen fehlt {what}",
  source: "das Original",
  plan: "der Plan",
  "source and no plan": "das Original und der Plan",
  "there is no source to compare it with": "zum Vergleichen fehlt das Original",
  "the target was not read to its end": "die Kopie wurde nicht bis zum Ende gelesen",
  "no hash was taken": "es wurde keine Prüfsumme gebildet",

  // What was found
  "frame {n}": "Bild {n}",
  "page {n}": "Seite {n}",
  "frame {n}, at {n2},": "Bild {n}, bei {n2},",
  "the target": "die Kopie",
  "{what} should be black, as the plan says, and is not": "{what} sollte nach dem Plan schwarz sein und ist es nicht",
  "{what} still shows what the plan erases": "{what} zeigt noch, was der Plan schwärzt",
  "{what} is another picture than the source's, outside of the erased areas": "{what} ist außerhalb der geschwärzten Bereiche ein anderes als im Original",
  "{what} cannot be decoded": "{what} lässt sich nicht dekodieren",
  "{what} may show a face": "{what} zeigt vielleicht ein Gesicht",
  "{what} may show a plate": "{what} zeigt vielleicht ein Kennzeichen",
  "{what} may show a text": "{what} zeigt vielleicht einen Text",
  "{what} may show a drawn": "{what} zeigt vielleicht etwas",
  "the target holds sound ({n} streams), which should be dropped": "die Kopie enthält Ton ({n} Spuren), der wegfallen sollte",
  "the target has {n} sound streams, and the source {n2}": "die Kopie hat {n} Tonspuren, und das Original {n2}",
  "sound stream {n} is not that of the source, packet by packet": "Tonspur {n} ist nicht Paket für Paket die des Originals",
  "sound stream {n} lacks {n2} packets of the source": "in Tonspur {n} fehlen {n2} Pakete des Originals",
  "sound at {n} is that of the source": "der Ton bei {n} ist der des Originals",
  "sound at {n} is not that of the source": "der Ton bei {n} ist nicht der des Originals",
  "sound is heard from {n} to {n2}, where there should be none": "von {n} bis {n2} ist Ton zu hören, wo keiner sein sollte",
  "the source: {why}": "das Original: {why}",
  "the source is not the one that the plan names, by its SHA-256": "das Original ist nach seiner SHA-256 nicht das, das der Plan nennt",
  "the target is the source itself, byte by byte": "die Kopie ist Byte für Byte das Original",
  "it is of a format that cannot be walked ({name})": "ihr Format lässt sich nicht Teil für Teil prüfen ({name})",
  "{name} sees {why}": "{name} sieht {why}",
  "{what}, and {n} more": "{what}, und {n} weitere",

  // What is left visible
  "Left visible: {what}, seen too weakly to be erased, for {n} s altogether ({n2} place, {n3} of them among the moments to look at).":
    "Sichtbar gelassen: {what}, zu schwach gesehen, um geschwärzt zu werden, zusammen {n} s lang ({n2} Stelle, {n3} davon in der Liste der zweifelhaften).",
  "Left visible: {what}, seen too weakly to be erased, for {n} s altogether ({n2} places, {n3} of them among the moments to look at).":
    "Sichtbar gelassen: {what}, zu schwach gesehen, um geschwärzt zu werden, zusammen {n} s lang ({n2} Stellen, {n3} davon in der Liste der zweifelhaften).",
  "Left visible: {what}, seen too weakly to be erased, for {n} s altogether ({n2} place, {n3} of them among the moments to look at; the plan has no room for {n4} of them, so it does not say where they are).":
    "Sichtbar gelassen: {what}, zu schwach gesehen, um geschwärzt zu werden, zusammen {n} s lang ({n2} Stelle, {n3} davon in der Liste der zweifelhaften; für {n4} davon hat der Plan keinen Platz und sagt nicht, wo sie sind).",
  "Left visible: {what}, seen too weakly to be erased, for {n} s altogether ({n2} places, {n3} of them among the moments to look at; the plan has no room for {n4} of them, so it does not say where they are).":
    "Sichtbar gelassen: {what}, zu schwach gesehen, um geschwärzt zu werden, zusammen {n} s lang ({n2} Stellen, {n3} davon in der Liste der zweifelhaften; für {n4} davon hat der Plan keinen Platz und sagt nicht, wo sie sind).",
  "Left visible: {what}, seen too weakly to be erased; in about {n} of 10 such cases it is one ({n2} of them among the moments to look at).":
    "Sichtbar gelassen: {what}, zu schwach gesehen, um geschwärzt zu werden; in etwa {n} von 10 solchen Fällen ist es eines ({n2} davon in der Liste der zweifelhaften).",
  "Left visible: {what}, seen too weakly to be erased; in about {n} of 10 such cases it is one ({n2} of them among the moments to look at; the plan has no room for {n3} of them, so it does not say where they are).":
    "Sichtbar gelassen: {what}, zu schwach gesehen, um geschwärzt zu werden; in etwa {n} von 10 solchen Fällen ist es eines ({n2} davon in der Liste der zweifelhaften; für {n3} davon hat der Plan keinen Platz und sagt nicht, wo sie sind).",
  "Left visible: {what}, seen too weakly to be erased ({n} of them among the moments to look at).":
    "Sichtbar gelassen: {what}, zu schwach gesehen, um geschwärzt zu werden ({n} davon in der Liste der zweifelhaften).",
  "Left visible: {what}, seen too weakly to be erased ({n} of them among the moments to look at; the plan has no room for {n2} of them, so it does not say where they are).":
    "Sichtbar gelassen: {what}, zu schwach gesehen, um geschwärzt zu werden ({n} davon in der Liste der zweifelhaften; für {n2} davon hat der Plan keinen Platz und sagt nicht, wo sie sind).",
  "{what} and {other}": "{what} und {other}",
  "{n} possible face": "{n} mögliches Gesicht",
  "{n} possible faces": "{n} mögliche Gesichter",
  "{n} possible plate": "{n} mögliches Kennzeichen",
  "{n} possible plates": "{n} mögliche Kennzeichen",
  "{n} possible text": "{n} möglicher Text",
  "{n} possible texts": "{n} mögliche Texte",
  "{n} possible code": "{n} möglicher Code",
  "{n} possible codes": "{n} mögliche Codes",
  "{n} possible person": "{n} mögliche Person",
  "{n} possible persons": "{n} mögliche Personen",
  "{n} possible drawn": "{n} gezeichneter Bereich",
  "{n} possible drawns": "{n} gezeichnete Bereiche",
  "{what} cost {share} of the picture, {most} at most, and no sighting is certain: the best score is {n}.":
    "{what} kosten {share} des Bildes, höchstens {most}, und keine Sichtung ist sicher: Der beste Wert ist {n}.",
  Faces: "Gesichter",
  Plates: "Kennzeichen",
  "Lines of text": "Textzeilen",
  "Drawn areas": "Gezeichnete Bereiche",
  "Whole persons cost {share} of the picture, so it shows hardly what happened. Less of people who are close by is erased with --cover head or --cover face.":
    "Ganze Personen kosten {share} des Bildes, so dass es kaum zeigt, was geschah. Von Menschen in der Nähe wird mit --cover head oder --cover face weniger geschwärzt.",
  "The film is long: the report on the copy says how much of the picture is erased.": "Der Film ist lang: Der Bericht über die Kopie sagt, wie viel vom Bild geschwärzt ist.",
};
