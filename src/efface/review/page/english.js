// Words for this page in place of those for the command line: advice that names an option helps nobody who has none.

const FRAMES = "Let such frames be made black (Settings, “Doubts, and damaged files”), and try again.";

export const ENGLISH = {
  // The checks of a copy
  coverage: "Erased areas",
  "second look": "Second look for faces and plates",
  leftovers: "Hidden data (place, camera, names)",
  fidelity: "The rest of the picture",
  hashes: "The right files",
  sound: "Sound",
  credentials: "The signature",

  // What to try
  "Choose another name, or add --overwrite.": "Press “Replace it” if it may be replaced, or choose other names for copies in the settings.",
  "Choose another name with -o.": "Choose other names for copies in the settings.",
  "Choose another with -o.": "Choose another folder for copies in the settings.",
  "Make it, or choose another with -o.": "Make it, or choose another folder for copies in the settings.",
  "Name the files in it, or the folder together with -o.": "Choose the files in it.",
  "Add --bad-frames=cover to black out such frames and go on.": FRAMES,
  "Add --bad-frames=cover to go on with what is there.": FRAMES,
  "If that does not help, make a file that decodes the same every time, and look at it: {name}":
    "If that does not help, make a file that decodes the same every time, and look at it: {name}",
  "If you trust the file, raise --max-pixels.": "If you trust the file, use the command line, where --max-pixels raises the limit.",
  "If you trust the file, raise --max-total-pixels.": "If you trust the file, use the command line, where --max-total-pixels raises the limit.",
  "Raise --max-pixels.": "On the command line, --max-pixels raises the limit.",
  "Use fewer --jobs, close other programs, or raise the system's limit (ulimit -v, a container).": "Close other programs, and try again.",
  "Run the same command again, with fewer --jobs if memory is short.": "Try again. If memory is short, close other programs.",
  "Run the same command again, with fewer --jobs where memory is short.": "Try again. If memory is short, close other programs.",
  "Free some space and run the same command again.": "Free some space, and try again.",
  "Run it again when nothing else writes to the file.": "Try again when nothing else writes to the file.",
  "Install efface again (pip install --force-reinstall).": "Install efface again.",
  "The processor, a driver or the run-time may be at fault: try --device cpu or --precision float32, and please report it.":
    "The processor, a driver or the run-time may be at fault: choose the processor and 32 bits under “Speed and hardware”, and please report it.",
  "Two builds cannot share one installation: {name}": "Two builds cannot share one installation: {name}",
  "Or use --device cpu.": "Or choose the processor (Settings, “Speed and hardware”).",
  "Choose another with --codec.": "Choose another format of films in the settings.",
  "Change --codec or -o.": "Choose another format of films in the settings.",
  "Choose --codec=hevc and a target that ends in .mp4 or .mkv.": "Choose HEVC as the format of films in the settings.",
  "Choose --codec=hevc, or a target that ends in .mp4.": "Choose HEVC as the format of films in the settings.",
  "Leave out --audio, which drops it.": "Let the sound be removed (Settings, “Sound of films”).",
  "Use Linux 5.13 or later, in a container that allows it, or leave out --walls require if you trust the file.":
    "Use Linux 5.13 or later, in a container that allows it, or start efface without --walls require if you trust the file.",
  "Open it with efface review, which repairs it and says so.": "Open it for review: that repairs it and says so.",
  "efface redact obeys such a plan where it fits the source, efface render always, and efface review goes on from there; --discard-edits throws the changes away.":
    "Open the file for review: it goes on from there.",
  "efface render obeys it, and efface review opens it; --overwrite looks anew and replaces it.": "Open the file for review: it goes on from there.",

  // Settings: their help names the values that the command line takes
  "What to find and erase. What is not named stays visible. text and code are not read; text is slow.":
    "What to find and erase. What is not chosen stays visible. Text and codes are not read. Looking for text is slow.",
  "What to cover of a person. head also covers hair, ears and neck line, for people who can be recognised by more than their features. person also finds persons, from behind too, and covers them whole.":
    "The whole head also covers hair, ears and neck line, for people who can be recognised by more than their features. The whole person also finds persons from behind.",
  "How readily something counts as a face or a plate. high finds more, and covers more things that are neither.":
    "What to do where efface is unsure. “Erase” finds more, and covers more things that are neither a face nor a plate.",
  "What replaces the area: smooth is a soft fill in the colours of the rim, solid is one colour, tiles is a mosaic in the colours of the rim.":
    "Soft colours and the mosaic take their colours from the rim of the area. Nothing of what was there is used.",
  "Where erased areas of a JPEG end. blocks: where blocks of its compression end, so that nothing that stays was computed from what goes; areas are boxes then. shape: where the shape ends.":
    "JPEG stores a picture in blocks. If areas end where blocks end, nothing that stays was computed from what goes. The areas are boxes then.",
  "How a JPEG is made of a JPEG. recode encodes all of it anew. exact keeps blocks outside of erased areas as they are, without loss; traces of earlier compression, which point to a camera or an editor, stay as well. It needs the extra jpeg.":
    "What is kept outside of erased areas loses nothing. Traces of earlier compression, which point to a camera or an editor, stay as well. It needs an extra of efface, named jpeg.",
  "Every shape contains the whole box.": "Each shape covers the whole area that was found.",
  "Voices identify people, so sound is dropped unless you ask for it. keep copies it unchanged, but for spans that somebody made silent in the review. mute leaves out the spans that --mute names. disguise changes voices for ears, not for machines.":
    "Voices identify people. Disguised voices sound strange to ears; machines can undo that.",
  "How the finished copy is checked before it gets its name. full takes a second look at every frame, quick at a sample of them; off checks nothing at all.":
    "Before the copy gets its name, efface takes a second look at it: at every frame, at a sample of them, or not at all.",
  "Video codec. auto is H.264 for 8-bit video, HEVC for more bits, and VP9 for .webm.":
    "“Fits the film” is H.264, which plays everywhere; HEVC where the film has more than 8 bits, and VP9 for .webm.",
  "Constant rate factor. Lower means better quality and larger files. Default: 18 for h264, 20 for hevc, 24 for vp9 and av1.":
    "Lower means better quality and larger files. Left empty, it is 18 for H.264, 20 for HEVC, 24 for VP9 and AV1.",
  "Encoder effort, from ultrafast (large files) to veryslow (small files).": "More effort makes smaller files, and takes longer.",
  "End with exit code 7 if a moment is riskier than this. 0 asks for a look at every doubt, 1 at none.":
    "0 asks for a look at every doubtful moment, 1 at none.",
  "What to do with frames that cannot be decoded: fail gives up on the file, cover blacks out the whole frame.":
    "What to do with frames of a damaged film that cannot be decoded.",
  "What a report also contains: names of files, and when it was made (UTC). Both may point to people.":
    "What a report also contains: names of files, and when it was made. Both may point to people.",
  "At which sizes the detector looks at the frames of a video. paced: small sizes of every frame, each larger size of every third (from 45 frames a second: every fifth). sparse: the largest size of every ninth frame only; misses more. all: every size of every frame; slowest.":
    "How much of each frame efface looks at. “Less” misses more, above all what is small. “Most” looks at every frame at every size.",
  "Device that runs the detector. auto is the CPU; cuda and openvino need another build of ONNX Runtime.":
    "What does the computing. An NVIDIA card and OpenVINO need another build of ONNX Runtime.",
  "Number format of the networks. auto is int8 on the CPU, and float32 for checks and other devices. int8 takes little more than half the time, and misses and leaks no more.":
    "“As it fits” is 8 bits on the processor, and 32 bits for the check and elsewhere. 8 bits take little more than half the time and miss no more.",

  "it was not asked for (--verify off)": "it was not asked for (Settings, “Check before saving”)",
  "it took longer than {n} s, and --detect-timeout allows more": "it took longer than {n} s; “Give up on a frame after” in the settings allows more",
  "a preset cannot set {name}; add --{name2} to the command where you mean it": "a preset cannot set {name}; on the command line, --{name2} does",
};
