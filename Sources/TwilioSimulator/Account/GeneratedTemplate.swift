import Foundation

/// Writes generated recordings as the API shows them, without rendering each.
///
/// Whatever the behaviour makes of resources, those of generated recordings differ in nothing but the places where
/// their own values stand. So one that doesn't exist, whose values are found nowhere else, is rendered, and the text is
/// cut at these values. What is written is byte for byte what rendering would give.
struct GeneratedTemplate {
    /// The values of a recording.
    private enum Value {
        case digits, created, updated, duration, wrappedKey, iv
    }

    /// What it writes.
    let recordings: GeneratedRecordings
    /// The size of a recording's text in bytes.
    let size: Int

    /// The text with zeros where values stand, each as long as the value of any recording is.
    private let text: [UInt8]
    private let places: [(offset: Int, value: Value)]
    private var created = DateText()
    private var updated = DateText()

    /// Makes the template of all generated recordings.
    ///
    /// - Parameter render: shows a resource as the API does.
    init(_ recordings: GeneratedRecordings, render: (StoredResource) -> JSONValue) {
        self.recordings = recordings
        let sample = recordings.sample
        let rendered = Data(render(sample.resource).text)
        let marks = [
            (Value.digits, Array(sample.resource.sid.utf8.dropFirst(2)), 32),
            (.created, Array(sample.resource.created.rfc2822.utf8), 31),
            (.updated, Array(sample.updated.rfc2822.utf8), 31),
            (.duration, Array("\"\(sample.seconds)\"".utf8), 3),
            (.wrappedKey, base64Digits(sample.wrappedKey), base64Digits(sample.wrappedKey).count),
            (.iv, base64Digits(sample.iv), 16),
        ]
        let found = marks.flatMap { value, mark, size in
            rendered.ranges(of: mark).map { (range: $0, value: value, size: size) }
        }.sorted { $0.range.lowerBound < $1.range.lowerBound }
        var text: [UInt8] = []
        var places: [(offset: Int, value: Value)] = []
        var index = 0
        for (range, value, size) in found where range.lowerBound >= index {
            text += rendered[index..<range.lowerBound]
            places.append((text.count, value))
            text += [UInt8](repeating: 0, count: size)
            index = range.upperBound
        }
        text += rendered[index...]
        self.text = text
        self.places = places
        size = text.count
    }

    /// Appends a recording's JSON object.
    mutating func write(_ number: Int, to result: inout [UInt8]) {
        let seconds = GeneratedContent.seconds(number)
        let moment = recordings.created(number)
        created.write(moment)
        updated.write(ResourceRendering.updated(moment, seconds: seconds))
        let digits = GeneratedRecordings.digits(number)
        let duration = Array("\"\(seconds)\"".utf8)
        let start = result.count
        result.append(contentsOf: text)
        result.withUnsafeMutableBufferPointer { result in
            for place in places {
                let bytes =
                    switch place.value {
                    case .digits: digits
                    case .created: created.text
                    case .updated: updated.text
                    case .duration: duration
                    case .wrappedKey: recordings.listedKey(number)
                    case .iv: recordings.iv(number)
                    }
                _ = result[(start + place.offset)...].update(fromContentsOf: bytes)
            }
        }
    }
}

extension Data {
    /// Where a text stands.
    fileprivate func ranges(of text: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        while let range = range(of: Data(text), in: (ranges.last?.upperBound ?? startIndex)..<endIndex) {
            ranges.append(range)
        }
        return ranges
    }
}

extension GeneratedRecordings {
    /// Is a recording that isn't there, whose values are found nowhere else in its JSON.
    fileprivate struct Sample {
        let resource: StoredResource
        let seconds: Int
        let updated: Instant
        let wrappedKey: [UInt8]
        let iv: [UInt8]
    }

    /// A recording like all others but for its values.
    fileprivate var sample: Sample {
        let model = resource(0)
        // More than a month, so that no date is the same; and no digits of a SID.
        let seconds = 3_000_000
        let created = Instant(seconds: -1_000_000_000)
        let iv = [UInt8](repeating: 0xFF, count: 12)
        let wrappedKey = [UInt8](repeating: 0, count: wrappedKeySize)
        let seal = model.media?.seal.map { SealSecrets(sharing: $0, listed: wrappedKey, iv: iv) }
        let media = OriginalMedia(
            content: .deleted, size: 0, digests: nil, seconds: seconds, channels: model.media?.channels, seal: seal)
        return Sample(
            resource: StoredResource(
                kind: model.kind, sid: "RE" + String(repeating: "z", count: 32), name: model.name, created: created,
                status: model.status, media: media, fields: model.fields),
            seconds: seconds, updated: ResourceRendering.updated(created, seconds: seconds), wrappedKey: wrappedKey,
            iv: iv)
    }
}
