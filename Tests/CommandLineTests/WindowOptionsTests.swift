import ArgumentParser
import Catalog
import FileTree
import Support
import Sync
import TestSupport
import Testing
import TwilioAPI

@testable import twiliofs

@Suite("Which recordings are shown, and how often new ones are asked for", .orderly)
struct WindowOptionsTests {
    @Test("Without options everything is shown, and new recordings are asked for every minute")
    func defaults() throws {
        let options = try WindowOptions.parse([])
        #expect(try options.window() == CatalogWindow())
        #expect(options.settings.refreshInterval == .seconds(60))
        #expect(options.settings.fetchesCalls && options.linkNames == .sid)
    }

    @Test("Calls can be left out, and links can have names for people")
    func calls() throws {
        #expect(try !WindowOptions.parse(["--no-calls"]).settings.fetchesCalls)
        #expect(try WindowOptions.parse(["--link-names", "readable"]).linkNames == .readable)
        let error = #expect(throws: (any Error).self) { try WindowOptions.parse(["--link-names", "pretty"]) }
        #expect(error.map { WindowOptions.message(for: $0) }?.contains("'pretty' is not a style of names") == true)
    }

    @Test(
        "A day is included whole, a time ends before itself",
        arguments: [
            ("2026-11-21", "2026-11-21", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
            ("2024-02-29", "2024-12-31", "2024-02-29T00:00:00Z", "2025-01-01T00:00:00Z"),
            ("2026-11-21T09:00:00Z", "2026-11-21T09:00:01Z", "2026-11-21T09:00:00Z", "2026-11-21T09:00:01Z"),
            ("2026-11-21T09:00:00+02:00", "2026-11-21", "2026-11-21T07:00:00Z", "2026-11-22T00:00:00Z"),
        ])
    func dates(since: String, until: String, lower: String, upper: String) throws {
        let window = try WindowOptions.parse(["--since", since, "--until", until]).window()
        #expect(window.interval == CreationInterval(from: Timestamp(lower), until: Timestamp(upper)))
        #expect(try WindowOptions.parse(["--since", since]).window().interval.upper == nil)
        #expect(try WindowOptions.parse(["--until", until]).window().interval.lower == nil)
    }

    @Test(
        "What is no date is refused, and named",
        arguments: [
            "", "today", "2026", "2026-11", "2026-13-01", "2026-02-29", "26-11-21", "2026-11-21 09:00:00Z",
            "2026-11-21T09:00:00", "2026/11/21", "Fri, 14 Oct 2016 21:56:34 +0000", "14 Oct 2016 21:56:34 +0000",
            "2026-11-21T", "2026-11-21 ",
        ])
    func noDate(_ text: String) {
        for option in ["--since", "--until"] {
            let error = #expect(throws: (any Error).self) { try WindowOptions.parse([option, text]) }
            #expect(error.map { WindowOptions.message(for: $0) }?.contains("'\(text)' is neither a day") == true)
        }
    }

    @Test(
        "A beginning after the end is refused, and both are named",
        arguments: [
            ("2026-11-22", "2026-11-21"), ("2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z"),
            ("2026-11-22T00:00:00Z", "2026-11-21"),
        ])
    func emptyInterval(since: String, until: String) throws {
        let options = try WindowOptions.parse(["--since", since, "--until", until])
        let failure = #expect(throws: Failure.self) { try options.window() }
        #expect(failure?.code == .configuration)
        #expect(failure?.message.contains(since) == true && failure?.message.contains(until) == true)
    }

    @Test("Kinds are those that are named")
    func kinds() throws {
        #expect(try WindowOptions.parse(["--kinds", "voice"]).window().kinds == [.voiceRecording])
        #expect(
            try WindowOptions.parse(["--kinds", "compositions,video,video"]).window().kinds == [
                .composition, .videoRecording,
            ])
        for text in ["", "voice,", "audio", "voice video", "Voice"] {
            let error = #expect(throws: (any Error).self) { try WindowOptions.parse(["--kinds", text]) }
            #expect(error.map { WindowOptions.message(for: $0) }?.contains("is not a kind") == true)
        }
    }

    @Test("All kinds are named where one is wrong, and in the help")
    func kindNames() {
        #expect(KindList.names(joinedBy: "or") == "voice, video or compositions")
        #expect(WindowOptions.helpMessage(columns: 500).contains("voice, video and compositions"))
    }

    @Test("New recordings are asked for as often as told, and with 0 only when mounting")
    func refresh() throws {
        #expect(try WindowOptions.parse(["--refresh", "5"]).settings.refreshInterval == .seconds(5))
        #expect(try WindowOptions.parse(["--refresh", "0"]).settings.refreshInterval == nil)
        for text in ["", "x", "1.5", "1m", "99999999999"] {
            let error = #expect(throws: (any Error).self) { try WindowOptions.parse(["--refresh", text]) }
            #expect(error.map { WindowOptions.message(for: $0) }?.contains("number of seconds") == true)
        }
    }
}
