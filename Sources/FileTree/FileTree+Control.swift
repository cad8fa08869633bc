import Catalog
import Foundation
import Monitoring
import Support

/// The files about the mount itself.
extension FileTree {
    /// What an opened file has in it.
    func content(of file: ControlFile) throws(FileTreeError) -> [UInt8] {
        let (text, filler) = try text(of: file)
        // What a text may end with in any number: spaces in JSON, empty lines in Prometheus' format.
        guard let filler else { return text }
        return stableSizes.withLock { $0[file, default: StableSize(least: file.leastSize)].fill(text, with: filler) }
    }

    /// The size that a file is said to have, which is that of its content when it is opened then.
    func size(of file: ControlFile) throws(FileTreeError) -> Int {
        if let size = stableSizes.withLock({ $0[file]?.told() }) { return size }
        let content = try content(of: file)
        return stableSizes.withLock { $0[file]?.told() } ?? content.count
    }

    /// The text of a file, and what it is filled up with; nil where the text is always the same.
    private func text(of file: ControlFile) throws(FileTreeError) -> (text: [UInt8], filler: UInt8?) {
        switch file {
        case .version:
            return (Array("twiliofs \(version)\n".utf8), nil)
        case .metrics:
            return (Array(try report().prometheusText(prefix: MountMetrics.prefix).utf8), UInt8(ascii: "\n"))
        case .status:
            do {
                return (Array(try report().json), UInt8(ascii: " "))
            } catch let error as FileTreeError {
                throw error
            } catch {
                throw inputOutput(error)
            }
        }
    }

    private func report() throws(FileTreeError) -> MetricReport {
        do throws(CatalogError) {
            return try parts.gatherer.report()
        } catch {
            throw inputOutput(error)
        }
    }
}

extension ControlFile {
    /// The least size that is told, in bytes: enough for a mount with three lists that talks to three hosts.
    fileprivate var leastSize: Int { self == .metrics ? 64 << 10 : 16 << 10 }
}
