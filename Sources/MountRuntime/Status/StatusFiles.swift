import FileTree
import Monitoring
import Support

/// The files about the mount itself, made from its status.
struct StatusFiles: ControlFileContents {
    let gatherer: StatusGatherer

    /// The current text of a file.
    func text(of file: ControlFile) throws(FileTreeError) -> ControlFileText {
        do {
            return switch file {
            case .version: ControlFileText(bytes: Array("twiliofs \(gatherer.version)\n".utf8), padding: nil)
            case .metrics:
                // Prometheus' format allows any number of empty lines at the end, JSON any number of spaces.
                ControlFileText(
                    bytes: Array(try gatherer.report().prometheusText(prefix: MountMetrics.prefix).utf8),
                    padding: UInt8(ascii: "\n"))
            case .status: ControlFileText(bytes: Array(try gatherer.report().json), padding: UInt8(ascii: " "))
            }
        } catch {
            throw FileTreeError(.inputOutput, "the file '\(file.rawValue)' can't be made", cause: error)
        }
    }
}
