// What the server says on the page, in German: settings, presets, the price of a copy, and what is not promised.

export const GERMAN_SERVER = {
  // Settings, as page_settings.py and options.py have them
  "What is erased": "Was geschwärzt wird",
  "Counts for files that efface has not looked at yet.": "Gilt für Dateien, die efface noch nicht durchsucht hat.",
  Find: "Finden",
  "Licence plates": "Autokennzeichen",
  "Of a person": "Von einer Person",
  "The face": "Das Gesicht",
  "The whole head": "Der ganze Kopf",
  "The whole person": "Die ganze Person",
  "What to cover of a person. head also covers hair, ears and neck line, for people who can be recognised by more than their features. person also finds persons, from behind too, and covers them whole.":
    "Was von einer Person verdeckt wird. „Der ganze Kopf“ heißt auch Haare, Ohren und Halslinie, für Menschen, die an mehr als ihren Zügen zu erkennen sind. „Die ganze Person“ findet auch Menschen von hinten.",
  "In doubt": "Im Zweifel",
  "Leave visible": "Sichtbar lassen",
  "Weigh up": "Abwägen",
  Erase: "Schwärzen",
  "How readily something counts as a face or a plate. high finds more, and covers more things that are neither.":
    "Was geschieht, wo efface unsicher ist. „Schwärzen“ findet mehr und verdeckt mehr, das weder Gesicht noch Kennzeichen ist.",
  "Margin around faces": "Rand um Gesichter",
  "Margin on every side of a face: hair, chin and ears identify people too. Faces that a film shows large and clearly get six tenths of it.":
    "Rand auf jeder Seite eines Gesichts: Auch Haare, Kinn und Ohren verraten Menschen. Gesichter, die ein Film groß und deutlich zeigt, bekommen sechs Zehntel davon.",
  "Margin around plates": "Rand um Kennzeichen",
  "Margin on every side of a plate. Half a character is enough to guess the rest.":
    "Rand auf jeder Seite eines Kennzeichens. Ein halbes Zeichen genügt, um den Rest zu erraten.",
  "How it looks": "Wie es aussieht",
  "In its place": "An seiner Stelle",
  "Soft colours": "Weiche Farben",
  Mosaic: "Mosaik",
  "One colour": "Eine Farbe",
  "What replaces the area: smooth is a soft fill in the colours of the rim, solid is one colour, tiles is a mosaic in the colours of the rim.":
    "Was den Bereich ersetzt: ein weicher Verlauf in den Farben des Randes, ein Mosaik in diesen Farben, oder eine Farbe.",
  Shape: "Form",
  Rounded: "Abgerundet",
  Oval: "Oval",
  Box: "Rechteck",
  "Every shape contains the whole box.": "Jede Form enthält den ganzen Rahmen.",
  "Areas of a JPEG end": "Bereiche eines JPEG enden",
  "With whole blocks": "Mit ganzen Blöcken",
  "With the shape": "Mit der Form",
  "Where erased areas of a JPEG end. blocks: where blocks of its compression end, so that nothing that stays was computed from what goes; areas are boxes then. shape: where the shape ends.":
    "Wo geschwärzte Bereiche eines JPEG enden. Mit ganzen Blöcken der Kompression wurde nichts, was bleibt, aus dem berechnet, was geht; die Bereiche sind dann Rechtecke.",
  "JPEG from JPEG": "JPEG aus JPEG",
  "All of it anew": "Alles neu",
  "Kept outside of areas": "Außerhalb der Bereiche behalten",
  "How a JPEG is made of a JPEG. recode encodes all of it anew. exact keeps blocks outside of erased areas as they are, without loss; traces of earlier compression, which point to a camera or an editor, stay as well. It needs the extra jpeg.":
    "Wie ein JPEG aus einem JPEG entsteht. „Alles neu“ kodiert es neu. Behaltene Blöcke verlieren nichts; Spuren früherer Kompression, die auf eine Kamera oder ein Programm deuten, bleiben auch. Das braucht das Extra jpeg.",
  "Colour, if it is one": "Farbe, wenn es eine ist",
  "Colour of the solid style.": "Die Farbe für „Eine Farbe“.",
  "The copy": "Die Kopie",
  "Sound of films": "Ton von Filmen",
  Remove: "Entfernen",
  Keep: "Behalten",
  "Voices identify people: sound is dropped unless you keep it. Kept sound is copied unchanged.":
    "Stimmen verraten Menschen: Der Ton fällt weg, wenn du ihn nicht behältst. Behaltener Ton wird unverändert übernommen.",
  "Format of films": "Format von Filmen",
  "Fits the film": "Passt zum Film",
  "Video codec. auto is H.264 for 8-bit video, HEVC for more bits, and VP9 for .webm.":
    "Videocodec. „Passt zum Film“ ist H.264 bei 8 Bit, HEVC bei mehr Bit und VP9 bei .webm.",
  "Check before saving": "Prüfung vor dem Speichern",
  "A sample": "Eine Stichprobe",
  "Every frame": "Jedes Bild",
  "How the finished copy is checked before it gets its name. full takes a second look at every frame, quick at a sample of them; off checks nothing at all.":
    "Wie die fertige Kopie geprüft wird, bevor sie ihren Namen bekommt. „Jedes Bild“ sieht ein zweites Mal auf alle, „Eine Stichprobe“ auf einige; „Keine“ prüft gar nichts.",

  // Presets
  "A photo that must stay readable": "Ein Foto, das lesbar bleiben muss",
  "Erases faces and plates with soft colours, and as little else as it can.":
    "Schwärzt Gesichter und Kennzeichen mit weichen Farben, und sonst so wenig wie möglich.",
  "Street video": "Film von der Straße",
  "Erases whole heads and plates, without sound. You review what is doubtful.":
    "Schwärzt ganze Köpfe und Kennzeichen, ohne Ton. Du siehst durch, was zweifelhaft ist.",
  "Nobody reviews this": "Das sieht niemand durch",
  "Erases more than it must, in one colour, and checks every frame. Slower.":
    "Schwärzt mehr als nötig, in einer Farbe, und prüft jedes Bild. Langsamer.",

  // The price, and what is left
  "{n} %": "{n} %",
  "less than 0.1 %": "weniger als 0.1 %",
  "{share} of the picture is erased": "{share} des Bildes sind geschwärzt",
  "{share} of the picture is erased.": "{share} des Bildes sind geschwärzt.",
  "{share} of the picture is erased ({parts}).": "{share} des Bildes sind geschwärzt ({parts}).",
  "{share} of the picture is erased on average, {most} at most, {at}.": "Im Mittel sind {share} des Bildes geschwärzt, höchstens {most}, {at}.",
  "{share} of the picture is erased on average, {most} at most, {at} ({parts}).": "Im Mittel sind {share} des Bildes geschwärzt, höchstens {most}, {at} ({parts}).",
  "at {n}": "bei {n}",
  "on page {n}": "auf Seite {n}",
  "faces {share}": "Gesichter {share}",
  "plates {share}": "Kennzeichen {share}",
  "drawn areas {share}": "gezeichnete Bereiche {share}",
  "lines of text {share}": "Textzeilen {share}",
  "codes {share}": "Codes {share}",
  "persons {share}": "Personen {share}",
  "{part}, {others}": "{part}, {others}",
  "{n} track kept visible by a person.": "{n} Spur, die eine Person sichtbar ließ.",
  "{n} tracks kept visible by a person.": "{n} Spuren, die eine Person sichtbar ließ.",
  "{n} track deleted by a person: not erased.": "{n} Spur, die eine Person löschte: nicht geschwärzt.",
  "{n} tracks deleted by a person: not erased.": "{n} Spuren, die eine Person löschte: nicht geschwärzt.",
  "{n} area in which what was found stays visible.": "{n} Bereich, in dem sichtbar bleibt, was gefunden wurde.",
  "{n} areas in which what was found stays visible.": "{n} Bereiche, in denen sichtbar bleibt, was gefunden wurde.",
  "The sound, and so the voices.": "Der Ton, und damit die Stimmen.",

  // What is not promised
  "That every face and every plate was found. Expect misses among profiles, heads turned away, faces behind hands, veils and masks, in deep shade, and of a few pixels; and among plates that are small, steep, blurred or dirty.":
    "Dass jedes Gesicht und jedes Kennzeichen gefunden wurde. Rechne mit übersehenen Profilen, abgewandten Köpfen, Gesichtern hinter Händen, Schleiern und Masken, in tiefem Schatten und von wenigen Pixeln; und mit Kennzeichen, die klein, schräg, unscharf oder schmutzig sind.",
  "That nobody can be recognised without a face. Clothes, tattoos, hair, build, gait, company, places and times stay as they are, and so do voices if you kept the sound.":
    "Dass niemand ohne Gesicht zu erkennen ist. Kleidung, Tätowierungen, Haare, Statur, Gang, Begleitung, Orte und Zeiten bleiben, wie sie sind, und auch Stimmen, wenn du den Ton behalten hast.",
  "That other texts and pictures are covered: badges, papers, screens, reflections, numbers on doors and roofs.":
    "Dass andere Texte und Bilder verdeckt sind: Abzeichen, Papiere, Bildschirme, Spiegelungen, Nummern auf Türen und Dächern.",
  "That no other copy of the unredacted picture exists. Anyone who has one can match it with this copy.":
    "Dass es keine andere Kopie des ungeschwärzten Bildes gibt. Wer eine hat, kann sie dieser Kopie zuordnen.",
  "That the camera cannot be identified. A sensor leaves a pattern in its pictures. It stays outside of the erased areas.":
    "Dass die Kamera nicht zu erkennen ist. Ein Sensor hinterlässt ein Muster in seinen Bildern. Außerhalb der geschwärzten Bereiche bleibt es.",
  "That the checks see everything. They compare the copy with the plan, and look for what a program can find. A person who knows the place sees more.":
    "Dass die Prüfungen alles sehen. Sie vergleichen die Kopie mit dem Plan und suchen, was ein Programm finden kann. Eine Person, die den Ort kennt, sieht mehr.",
};
