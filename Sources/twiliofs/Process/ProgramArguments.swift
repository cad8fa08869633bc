import Glibc
import Support

/// The words that this program was started with.
enum ProgramArguments {
    /// The kernel's file from which Swift's runtime has them.
    private static let source = "/proc/self/cmdline"

    /// Checks that they are there, and are what was typed.
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

    /// Whether a text has the bytes of a C string, and none that were replaced.
    static func represents(_ text: String, _ bytes: UnsafePointer<CChar>) -> Bool {
        text.utf8.elementsEqual(UnsafeRawBufferPointer(start: bytes, count: strlen(bytes)))
    }

    /// Cleans a message that may quote some of the words as they are, line by line.
    static func cleaned(_ message: String, quoting words: [String] = CommandLine.arguments) -> String {
        // Of a word with a line break in it, one line would become two.
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
