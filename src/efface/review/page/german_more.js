// More of the page in German: settings that few people change, own presets, recent work, the order of work.

export const GERMAN_MORE = {
  // Settings, as page_settings.py and options.py have them
  "Pattern of the mosaic": "Muster des Mosaiks",
  "Selects the pattern of the tiles.": "Wählt das Muster der Kacheln.",
  "Voices identify people, so sound is dropped unless you ask for it. keep copies it unchanged. mute leaves out the spans that --mute names. disguise changes voices for ears, not for machines.":
    "Stimmen verraten Menschen, deshalb fällt der Ton weg, wenn Sie ihn nicht verlangen. keep kopiert ihn unverändert. mute lässt die Abschnitte weg, die --mute nennt. disguise verändert Stimmen für Ohren, nicht für Maschinen.",
  "Disguise voices, for ears only": "Stimmen verfremden, nur für Ohren",
  "What to find and erase. What is not named stays visible. text and code are not read; text is slow.":
    "Was gefunden und geschwärzt wird. Was nicht genannt ist, bleibt sichtbar. Text und Codes werden nicht gelesen; Text ist langsam.",
  Text: "Text",
  "QR and bar codes": "QR- und Strichcodes",
  Code: "Code",
  Codes: "Codes",
  "Quality of films": "Qualität von Filmen",
  "Constant rate factor. Lower means better quality and larger files. Default: 18 for h264, 20 for hevc, 24 for vp9 and av1.":
    "Constant Rate Factor. Kleiner heißt bessere Qualität und größere Dateien. Vorgabe: 18 für h264, 20 für hevc, 24 für vp9 und av1.",
  "Effort for small files": "Aufwand für kleine Dateien",
  "Encoder effort, from ultrafast (large files) to veryslow (small files).": "Aufwand des Encoders, von ultrafast (große Dateien) bis veryslow (kleine Dateien).",
  "Least: quick, large files": "Am wenigsten: schnell, große Dateien",
  "Very little": "Sehr wenig",
  Little: "Wenig",
  "Rather little": "Eher wenig",
  "A bit less": "Etwas weniger",
  Medium: "Mittel",
  More: "Mehr",
  Much: "Viel",
  "Most: slow, small files": "Am meisten: langsam, kleine Dateien",
  "Films: how long something stays erased": "Filme: wie lange etwas geschwärzt bleibt",
  "Across a gap of up to": "Über eine Lücke von höchstens",
  "Cover gaps of up to this length between two sightings.": "Verdeckt Lücken bis zu dieser Länge zwischen zwei Sichtungen.",
  "Before it was seen first": "Bevor es zuerst gesehen wurde",
  "Also cover up to this long before the first sighting. An object seen clearly and often gets all of it.":
    "Verdeckt auch bis zu so lange vor der ersten Sichtung. Was deutlich und oft gesehen wurde, bekommt alles davon.",
  "After it was seen last": "Nachdem es zuletzt gesehen wurde",
  "Also cover up to this long after the last sighting. An object seen clearly and often gets all of it.":
    "Verdeckt auch bis zu so lange nach der letzten Sichtung. Was deutlich und oft gesehen wurde, bekommt alles davon.",
  "Where it turns up or vanishes in the middle": "Wo es mitten im Bild auftaucht oder verschwindet",
  "Lead-in and lead-out of a clearly seen face that appears or disappears in mid-picture, and of anything that can still be followed.":
    "Vorlauf und Nachlauf eines deutlich gesehenen Gesichts, das mitten im Bild auftaucht oder verschwindet, und von allem, was sich noch verfolgen lässt.",
  "Doubts, and damaged files": "Zweifel und beschädigte Dateien",
  "A moment needs a look from this risk on": "Ab diesem Risiko braucht ein Moment einen Blick",
  "End with exit code 7 if a moment is riskier than this. 0 asks for a look at every doubt, 1 at none.":
    "Endet mit Code 7, wenn ein Moment riskanter ist. 0 verlangt einen Blick auf jeden Zweifel, 1 auf keinen.",
  "Frames that cannot be read": "Bilder, die nicht lesbar sind",
  "What to do with frames that cannot be decoded: fail gives up on the file, cover blacks out the whole frame.":
    "Was mit Bildern geschieht, die sich nicht dekodieren lassen: fail gibt die Datei auf, cover macht das ganze Bild schwarz.",
  "Give up on the file": "Die Datei aufgeben",
  "Make them black": "Sie schwarz machen",
  "A report also tells": "Ein Bericht sagt auch",
  "What a report also contains: names of files, and when it was made (UTC). Both may point to people.":
    "Was ein Bericht außerdem enthält: Namen von Dateien, und wann er gemacht wurde (UTC). Beides kann auf Menschen weisen.",
  "Names of files": "Namen von Dateien",
  "When it was made": "Wann er gemacht wurde",
  "Speed and hardware": "Tempo und Hardware",
  "How closely films are looked at": "Wie genau Filme angesehen werden",
  "At which size the detector looks at the frames of a video. paced: every frame at half its size or less, every third frame at full size. sparse: every frame at a quarter, every third at half, every ninth at full size; misses more. all: every frame at every size; slowest.":
    "In welcher Größe der Detektor die Bilder eines Films ansieht. paced: jedes Bild in halber Größe oder kleiner, jedes dritte in voller. sparse: jedes Bild in einem Viertel, jedes dritte in halber, jedes neunte in voller Größe; übersieht mehr. all: jedes Bild in jeder Größe; am langsamsten.",
  "Less: quicker": "Weniger: schneller",
  Normally: "Normal",
  "Most: slow": "Am meisten: langsam",
  "Looks with": "Sieht hin mit",
  "Device that runs the detector. auto is the CPU; cuda and openvino need another build of ONNX Runtime.":
    "Gerät, auf dem der Detektor läuft. auto ist der Prozessor; cuda und openvino brauchen einen anderen Bau von ONNX Runtime.",
  Processor: "Prozessor",
  "Processor, always": "Prozessor, immer",
  "NVIDIA card": "NVIDIA-Karte",
  "Intel OpenVINO": "Intel OpenVINO",
  "Numbers of the networks": "Zahlen der Netze",
  "Number format of the networks. auto is int8 for videos on the CPU, and float32 for photos, checks and other devices. int8 takes little more than half the time and leaks no more.":
    "Zahlenformat der Netze. auto ist int8 für Filme auf dem Prozessor und float32 für Fotos, Prüfungen und andere Geräte. int8 braucht wenig mehr als die halbe Zeit und übersieht nicht mehr.",
  "As it fits": "Wie es passt",
  "8 bits: quick": "8 Bit: schnell",
  "32 bits": "32 Bit",
  "Give up on a frame after": "Ein Bild aufgeben nach",
  "Give up when the detector takes longer than this for one frame. Frames of more than 25 megapixels get more time, in proportion to their size.":
    "Gibt auf, wenn der Detektor länger als das für ein Bild braucht. Bilder über 25 Megapixel bekommen mehr Zeit, im Verhältnis zu ihrer Größe.",

  // Own presets, recent work, where copies go
  "My presets": "Meine Vorlagen",
  "Recent work": "Zuletzt bearbeitet",
  "Remember on this computer": "Auf diesem Rechner merken",
  "Clear the list": "Die Liste leeren",
  "Where copies go": "Wohin Kopien kommen",
  "Beside each file": "Neben jede Datei",
  "Beside each file; those of dropped files in {}": "Neben jede Datei; die von abgelegten Dateien in {}",
  "Added to each name": "An jeden Namen angehängt",
  "Keep these settings as a preset of mine": "Diese Einstellungen als meine Vorlage behalten",
  "its name": "ihr Name",
  Save: "Sichern",
  "Saved as {}. The command line knows it as --use.": "Gesichert als {}. Die Befehlszeile kennt es als --use.",
  "There is a preset {} already. Replace it?": "Es gibt schon eine Vorlage {}. Ersetzen?",
  "Delete the preset {}": "Die Vorlage {} löschen",
  "Delete the preset {}?": "Die Vorlage {} löschen?",
  "The list is kept in {}. It names your files: switch it off and it is deleted.": "Die Liste liegt in {}. Sie nennt Ihre Dateien: schalten Sie sie aus, dann wird sie gelöscht.",
  "Off: efface remembers nothing. A list would name your files, also when they are gone.":
    "Aus: efface merkt sich nichts. Eine Liste würde Ihre Dateien nennen, auch wenn es sie nicht mehr gibt.",
  "Folder for copies": "Ordner für Kopien",
  "Nothing is copied. Copies go beside their files, or to the folder of your settings.": "Nichts wird kopiert. Kopien kommen neben ihre Dateien oder in den Ordner Ihrer Einstellungen.",
  "Use this folder": "Diesen Ordner nehmen",
  "There is no folder here.": "Hier ist kein Ordner.",
  "Writes {} to {}, checks it, and only then gives it its name.": "Schreibt {} nach {}, prüft es und gibt ihm erst dann seinen Namen.",
  "Show in folder": "Im Ordner zeigen",

  // Before and after, and the order of work
  After: "Nachher",
  Copy: "Kopie",
  "Before and after": "Vorher und nachher",
  "After: as it will look": "Nachher: wie es aussehen wird",
  "Show each file as it is, beside how it will look": "Jede Datei zeigen, wie sie ist, und daneben, wie sie aussehen wird",
  "Your picture with these settings": "Ihr Bild mit diesen Einstellungen",
  "{} erased in this picture, as efface would erase it now.": "{} dieses Bildes geschwärzt, wie efface es jetzt schwärzen würde.",
  "Add a photo or a film: then you see here what the settings do to it.": "Fügen Sie ein Foto oder einen Film hinzu: dann sehen Sie hier, was die Einstellungen daraus machen.",
  "Pauses when {} is through this step": "Hält an, wenn {} durch diesen Schritt ist",
  "Go on": "Weiter",
  "The list of files": "Die Liste der Dateien",
  "to another one; Enter opens it": "zu einer anderen; Eingabe öffnet sie",
  "move it; what waits is done in this order": "sie verschieben; was wartet, kommt in dieser Reihenfolge dran",
  "accept it": "ihn annehmen",
  "I looked at each picture (A)": "Ich habe jedes Bild angesehen (A)",

  // Drawn boxes, and tracks that are alike
  "a face": "ein Gesicht",
  "a plate": "ein Kennzeichen",
  "something else": "etwas anderes",
  "What a drawn box shows": "Was ein gezeichneter Kasten zeigt",
  "Like it in this place": "Gleiches an dieser Stelle",
  "These stand still where a chosen one stands still. What is deleted will be visible: look at each picture.":
    "Diese stehen still, wo ein gewähltes still steht. Was gelöscht wird, ist dann sichtbar: sehen Sie jedes Bild an.",
  "All of them": "Alle",
  "Only choose them": "Nur auswählen",
};
