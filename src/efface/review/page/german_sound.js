// The lane and the list of the sound in German.

export const GERMAN_SOUND = {
  Sound: "Ton",
  "The copy has no sound.": "Die Kopie hat keinen Ton.",
  "Keep it, but not the silent spans": "Behalten, außer den stummen Stellen",
  "How loud the sound is. The list “Sound” has the silent spans.": "Wie laut der Ton ist. Die stummen Stellen stehen in der Liste „Ton“.",
  "start, end of the range for areas, blackout and silence": "Anfang, Ende des Abschnitts für Bereiche, Schwarzbild und Stille",
  "no sound from I to O": "kein Ton von I bis O",
  "Reading the sound": "Liest den Ton",
  "Listening for speech": "Horcht auf Sprache",
  "Reading the sound …": "Liest den Ton …",
  "Listening for speech …": "Horcht auf Sprache …",
  "These spans are silent now. Listen to the rest: speech may be missed. Undo with Z.":
    "Diese Stellen sind jetzt stumm. Hör den Rest an: Sprache kann übersehen worden sein. Rückgängig mit Z.",
  "No speech was found. Listen yourself: it may be missed.": "Es wurde keine Sprache gefunden. Hör selbst hin: Sie kann übersehen worden sein.",

  // What becomes of the sound
  "Sound of the copy": "Ton der Kopie",
  "The copy has no sound": "Die Kopie hat keinen Ton",
  "Keep the sound, but not the silent spans": "Den Ton behalten, außer den stummen Stellen",
  "Disguise voices, for ears only; silent spans stay silent": "Stimmen verfremden, nur für Ohren; stumme Stellen bleiben stumm",
  "The sound is kept.": "Der Ton bleibt.",
  "Voices are disguised, for ears only.": "Stimmen sind verfremdet, nur für Ohren.",
  "It is silent in {n} spans.": "Er ist an {n} Stellen stumm.",
  "It is silent in 1 span.": "Er ist an einer Stelle stumm.",
  "No span of it was made silent here.": "Keine Stelle wurde hier stumm gemacht.",
  "Also silent, as the command says: {name}.": "Stumm ist auch, was der Befehl nennt: {name}.",

  // The list
  "{n} more, further on in the film.": "{n} weitere, später im Film.",
  "No span is silent. Draw one in the lane of the sound, or mark it with I and O and press Q.":
    "Keine Stelle ist stumm. Zieh eine in der Spur des Tons, oder markiere sie mit I und O und drück Q.",
  "Silent from I to O (Q)": "Stumm von I bis O (Q)",
  "Silent from I to O": "Stumm von I bis O",
  "Make silent wherever somebody seems to speak": "Stumm machen, wo jemand zu sprechen scheint",
  "Find speech": "Sprache finden",
  "Start of a new silent span": "Anfang einer neuen stummen Stelle",
  "End of a new silent span": "Ende einer neuen stummen Stelle",
  "Start of silent span {n}": "Anfang der stummen Stelle {n}",
  "End of silent span {n}": "Ende der stummen Stelle {n}",
  "Go to silent span {n}": "Zur stummen Stelle {n}",
  "Let silent span {n} be heard": "Stumme Stelle {n} hörbar machen",
  Add: "Hinzufügen",
  Show: "Zeigen",
  "A time is written as 0:10, 12.5 or 1:02:03.5.": "Eine Zeit schreibt man so: 0:10, 12.5 oder 1:02:03.5.",
  "A span begins before it ends, and before the film ends.": "Eine Stelle beginnt, bevor sie endet und bevor der Film endet.",
  "This file has no sound.": "Diese Datei hat keinen Ton.",
  "Mark a range with I and O first.": "Markiere zuerst einen Bereich mit I und O.",
  "It will be heard. Undo with Z.": "Es wird zu hören sein. Rückgängig mit Z.",

  // What the server refuses
  "an edit has silent spans that are not starts and ends in milliseconds": "eine Änderung nennt stumme Stellen, deren Zeiten nicht stimmen",
  "what is to become of the sound is unknown": "was aus dem Ton werden soll, ist unbekannt",

  // Undo and redo
  "changing a silent span": "Ändern einer stummen Stelle",
  "1 silent span": "eine stumme Stelle",
  "{n} silent spans": "{n} stumme Stellen",
  "a silent span that is heard again": "eine stumme Stelle, die wieder zu hören ist",
};
