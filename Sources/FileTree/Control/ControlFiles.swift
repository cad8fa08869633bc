import Support

/// The files about the mount itself.
///
/// The reported size of a file is the size of its content at the next opening, unless the text outgrows the padding.
final class ControlFiles: Sendable {
    private let contents: any ControlFileContents
    /// The sizes of the padded files, whose text changes.
    private let stableSizes = Locked<[ControlFile: StableSize]>([:])

    init(contents: any ControlFileContents) { self.contents = contents }

    /// The current content of a file, with its padding.
    func content(of file: ControlFile) throws(FileTreeError) -> [UInt8] {
        let text = try contents.text(of: file)
        guard let padding = text.padding else { return text.bytes }
        return stableSizes.withLock { $0[file, default: StableSize()].pad(text.bytes, with: padding) }
    }

    /// The size of a file in bytes.
    func size(of file: ControlFile) throws(FileTreeError) -> Int {
        if let size = stableSizes.withLock({ $0[file]?.reported() }) { return size }
        let content = try content(of: file)
        return stableSizes.withLock { $0[file]?.reported() } ?? content.count
    }
}
