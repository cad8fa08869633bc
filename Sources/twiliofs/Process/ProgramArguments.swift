import Glibc
import Support

/// The words of this program's command line.
enum ProgramArguments {
    /// The kernel's file from which Swift's runtime reads the words.
    private static let source = "/proc/self/cmdline"

    /// Checks that the runtime has read the words, and that they are as typed.
    static func check() throws(Failure) {
        let words = CommandLine.arguments
        guard !words.isEmpty, words.count > 1 || access(source, R_OK) == 0 else {
            throw Failure(.other, "this program's arguments can't be read from \(source): /proc has to be mounted")
        }
        for (index, word) in words.enumerated() {
            guard let bytes = CommandLine.unsafeArgv[index], represents(word, bytes) else {
                throw Failure(
                    .usage,
                    "the argument '\(word)' is not UTF-8, so its file would not be found: rename the file, or use a"
                        + " symbolic link to it")
            }
        }
    }

    /// Whether a text has exactly the bytes of a C string.
    static func represents(_ text: String, _ bytes: UnsafePointer<CChar>) -> Bool {
        text.utf8.elementsEqual(UnsafeRawBufferPointer(start: bytes, count: strlen(bytes)))
    }

    /// Cleans a message, which may quote the words, line by line.
    static func cleaned(_ message: String, quoting words: [String] = CommandLine.arguments) -> String {
        // A word with a line break would make two lines of one.
        let parts = words.flatMap { word in
            [word] + word.split { $0 == "=" || $0 == "," }.map(String.init)
        }
        let breaking = Set(parts.filter { $0.contains(where: \.isNewline) })
        let text = breaking.sorted { $0.utf8.count > $1.utf8.count }.reduce(message) { text, part in
            text.replacing(part, with: ForeignText.singleLine(part))
        }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { ForeignText.singleLine(String($0)) }.joined(separator: "\n")
    }
}
