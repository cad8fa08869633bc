public import Support

/// Provides the texts of the files about the mount itself.
public protocol ControlFileContents: Sendable {
    /// The current text of a file; must be quick.
    func text(of file: ControlFile) throws(FileTreeError) -> ControlFileText
}

/// The text of a file about the mount itself.
public struct ControlFileText: Sendable {
    /// The text, in UTF-8.
    public let bytes: [UInt8]
    /// The byte that may pad the end, so that the size can stay the same; nil for a constant text.
    public let padding: UInt8?

    /// Makes a text.
    public init(bytes: [UInt8], padding: UInt8?) {
        self.bytes = bytes
        self.padding = padding
    }
}
