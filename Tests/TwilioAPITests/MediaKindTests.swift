import TestSupport
import Testing

@testable import TwilioAPI

@Suite("Kinds of media", .orderly)
struct MediaKindTests {
    @Test("The numbers of kinds, which catalogs store, are what they were, and none is left out")
    func numbers() {
        #expect(MediaKind.allCases.map(\.rawValue) == Array(1...MediaKind.allCases.count))
        #expect(MediaKind.voiceRecording.rawValue == 1)
        #expect(MediaKind.videoRecording.rawValue == 2)
        #expect(MediaKind.composition.rawValue == 3)
    }

    @Test("No two kinds share what has to tell them apart, and no name is part of another path")
    func distinct() throws {
        for column in [\MediaKind.sidPrefix, \.pluralName, \.commandLineName, \.directoryName] {
            let values = MediaKind.allCases.map { $0[keyPath: column] }
            #expect(Set(values).count == values.count)
            #expect(values.allSatisfy { !$0.isEmpty && !$0.contains("/") && !$0.contains(",") && $0 != "metadata" })
        }
        let account = try #require(SID("AC" + String(repeating: "0", count: 32)))
        let paths = MediaKind.allCases.map { "\($0.traits.service)" + $0.traits.listPath(account) }
        #expect(Set(paths).count == paths.count)
    }

    @Test("A SID's letters tell its kind, and letters of other things tell none")
    func letters() {
        for kind in MediaKind.allCases {
            #expect(SID(kind.sidLetters, high: 1, low: 2).kind == kind)
            #expect(SID(kind.groupLetters, high: 1, low: 2).kind == nil)
        }
    }

    @Test("Each kind has an extension that the other words of a server don't change", arguments: MediaKind.allCases)
    func formats(kind: MediaKind) {
        #expect(!kind.formats.isEmpty && Set(kind.formats).count == kind.formats.count)
        #expect(kind.traits.audioFormat.map(kind.formats.contains) ?? true)
        for type in ["audio", "video", nil] {
            for told in kind.formats + kind.formats.map({ $0.uppercased() }) {
                #expect(MediaResource.containerFormat(of: kind, told: told, type: type) == told.lowercased())
            }
            for told in ["", "../x", "exe", nil] {
                let format = MediaResource.containerFormat(of: kind, told: told, type: type)
                let isAudio = type == "audio" && kind.traits.audioFormat != nil
                #expect(format == (isAudio ? kind.traits.audioFormat : kind.formats.first))
            }
        }
    }
}
