import Catalog
import FileTree
import Foundation
import Monitoring
import Support

/// The files about the mount itself, made from its status.
struct StatusFiles: ControlFileContents {
    private let gatherer: StatusGatherer
    private let version: String

    /// Makes the files, with this program's version for `.twiliofs/version`.
    init(gatherer: StatusGatherer, version: String) {
        self.gatherer = gatherer
        self.version = version
    }

    /// The current text of a file.
    func text(of file: ControlFile) throws(FileTreeError) -> ControlFileText {
        do {
            return switch file {
            case .version: ControlFileText(bytes: Array("twiliofs \(version)\n".utf8), padding: nil)
            case .metrics:
                // Prometheus' format allows any number of empty lines at the end, JSON any number of spaces.
                ControlFileText(
                    bytes: Array(try gatherer.report().prometheusText(prefix: MountMetrics.prefix).utf8),
                    padding: UInt8(ascii: "\n"))
            case .status: ControlFileText(bytes: Array(try gatherer.report().json), padding: UInt8(ascii: " "))
            }
        } catch {
            throw FileTreeError(.inputOutput, "The catalog can't be read.", cause: error)
        }
    }
}
