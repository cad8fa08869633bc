import Envelope

/// A file that a key process is to read on its own, and how: all that it does before it is confined.
public struct KeyReading: Hashable, Sendable {
    /// How the file is read.
    public private(set) var settings: ReadingSettings
    /// The file.
    public private(set) var file: KeyFileRequest

    /// The greatest number of ``bytes``.
    public static let largestSize = KeyRequest.largestSize

    /// Makes a reading of a file, which the key process opens itself.
    public init(_ file: KeyFileRequest, _ settings: ReadingSettings) {
        self.file = file
        self.settings = settings
    }

    /// The same reading with the file, and that of the passphrase, opened for the key process.
    ///
    /// - Parameter open: Opens a file; ``close()`` closes it.
    public func opened(by open: (_ path: String) -> OpenedFile) -> KeyReading {
        var reading = self
        reading.settings.openedPassphraseFile = settings.passphraseFile.map(open)
        reading.file = KeyFileRequest(path: file.path, purpose: file.purpose, opened: open(file.path))
        return reading
    }

    /// Closes the files that were opened.
    public func close() { for opened in [settings.openedPassphraseFile, file.opened] { opened?.close() } }

    /// The messages that a key process gets for it.
    var requests: [KeyRequest] { [.settings(settings), .read(file), .confine] }
}

extension KeyReading {
    /// A reading without opened files, as bytes for another process; nil if paths are too long for a message.
    public var bytes: [UInt8]? {
        let buffer = SecretBuffer(count: Self.largestSize)
        do throws(MessageError) {
            let count = try KeyRequest.settings(settings).write(to: buffer.bytes)
            let file = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[count...])
            return Array(buffer.bytes.prefix(count + (try KeyRequest.read(self.file).write(to: file))))
        } catch {
            return nil
        }
    }

    /// Reads ``bytes``; nil for any others.
    public init?(_ bytes: [UInt8]) {
        let messages = bytes.withUnsafeBytes { bytes -> (KeyRequest, KeyRequest)? in
            var reader = MessageReader(bytes)
            guard let settings = try? KeyRequest(&reader, with: nil), let file = try? KeyRequest(&reader, with: nil),
                (try? reader.end()) != nil
            else { return nil }
            return (settings, file)
        }
        guard case (.settings(let settings), .read(let file))? = messages, settings.openedPassphraseFile == nil,
            file.opened == nil
        else { return nil }
        self.init(file, settings)
    }
}
