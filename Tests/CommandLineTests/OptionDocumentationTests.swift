import ArgumentParser
import FileTree
import Foundation
import Logging
import Media
import TestSupport
import Testing
import TwilioAPI

@testable import twiliofs

/// What `--help`, the manual and the table of options say of `twiliofs mount`.
@Suite("The options' documentation", .orderly)
struct OptionDocumentationTests {
    /// The options in the table, and where that is.
    private static func table() throws -> (file: String, options: [String: DescribedOption]) {
        let documents = try FileManager.default.contentsOfDirectory(
            atPath: BuiltPrograms.package.appending(path: "doc").path)
        let files = ["README.md"] + documents.filter { $0.hasSuffix(".md") }.map { "doc/\($0)" }
        let found = try files.filter { try source($0).contains(OptionTable.heading) }
        try #require(found.count == 1, "the table of options is in \(found)")
        return (found[0], try OptionTable.options(source(found[0])))
    }

    private static func source(_ path: String) throws -> String {
        try String(contentsOf: BuiltPrograms.package.appending(path: path), encoding: .utf8)
    }

    private static func help() throws -> [String: DescribedOption] {
        try OptionHelp.options(Command.require([BuiltPrograms.twiliofs, "mount", "--help"]).text)
    }

    private static func manual() throws -> [String: DescribedOption] {
        try OptionManual.options(source("man/twiliofs.1"))
    }

    @Test("The table, the manual and --help have the same options, values, defaults, limits and variables")
    func agreement() throws {
        let (help, manual) = (try Self.help(), try Self.manual())
        let (file, table) = try Self.table()
        #expect(help.count > 25)
        #expect(Set(manual.keys) == Set(help.keys))
        #expect(Set(table.keys) == Set(help.keys))
        for (name, option) in help.sorted(by: { $0.key < $1.key }) {
            for (place, other) in [("the manual", manual[name]), (file, table[name])] {
                let other = try #require(other)
                #expect(other.defaultValue == option.defaultValue, "\(place), \(name)")
                #expect(other.variables == option.variables, "\(place), \(name)")
                #expect(other.takesValue == option.takesValue, "\(place), \(name)")
                // A list of choices may stand for the name of the value.
                if other.choices.isEmpty { #expect(other.valueName == option.valueName, "\(place), \(name)") }
            }
            #expect(manual[name]?.limit == option.limit, "the manual, \(name)")
        }
    }

    @Test("The choices that are told are those that the options take")
    func choices() throws {
        let (help, manual, table) = (try Self.help(), try Self.manual(), try Self.table().options)
        for (name, choices) in [
            "--integrity": IntegrityMode.allCases.map(\.rawValue), "--log-format": LogFormat.allCases.map(\.rawValue),
            "--log-level": Logger.Level.allCases.map(\.rawValue), "--kinds": MediaKind.allCases.map(\.commandLineName),
            "--link-names": LinkNames.allCases.map(\.rawValue),
        ] {
            for option in [help[name], manual[name]] {
                let option = try #require(option)
                // In the description, or in the place of the value.
                let told = option.text + option.choices.joined(separator: " ")
                for choice in choices { #expect(told.contains(choice), "\(name): \(told)") }
            }
            for option in [help[name], manual[name], table[name]].compactMap(\.self) where !option.choices.isEmpty {
                #expect(option.choices == Set(choices), "\(name)")
            }
            for choice in choices {
                #expect(throws: Never.self) { try MountCommand.parse([name, choice, "mnt"]) }
            }
        }
    }

    @Test("The defaults that are told are those that take effect")
    func defaults() throws {
        let help = try Self.help()
        let command = try MountCommand.parse(["mnt"])
        for (name, value) in [
            "--cache-size": command.cacheSize, "--cache-min-free": command.cacheMinFree, "--memory": command.memory,
            "--strict-limit": command.strictLimit,
        ] {
            #expect(try ByteSize(#require(help[name]?.defaultValue)) == value, "\(name)")
        }
        #expect(help["--refresh"]?.defaultValue == "\(command.window.refresh)")
        #expect(help["--integrity"]?.defaultValue == command.integrity.rawValue)
        #expect(help["--log-level"]?.defaultValue == command.logLevel.rawValue)
        #expect(help["--log-format"]?.defaultValue == command.logFormat.rawValue)
        #expect(help["--link-names"]?.defaultValue == command.window.linkNames.rawValue)
        #expect(help["--umask"]?.defaultValue.flatMap { UInt32($0, radix: 8) } == MountDefaults.mask)
        #expect(help["--timeout"]?.defaultValue == "\(command.timeout)")
        for name in ["--refresh", "--timeout"] {
            let limit = try #require(help[name]?.limit)
            #expect(throws: Never.self) { try MountCommand.parse([name, limit, "mnt"]) }
            for other in ["\(limit)0", "-1", "1.5", ""] {
                #expect(throws: (any Error).self, "\(name) \(other)") { try MountCommand.parse([name, other, "mnt"]) }
            }
        }
    }

    @Test("Whatever is said elsewhere to be so by default is a default")
    func prose() throws {
        let help = try Self.help()
        let sizes = Set(help.values.compactMap { $0.defaultValue.flatMap { ByteSize($0)?.bytes } })
        let folder = BuiltPrograms.package.appending(path: "doc").path
        let documents = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }
        for file in ["README.md", "man/twiliofs.1"] + documents.map({ "doc/\($0)" }) {
            // A macro that begins a section, a paragraph or an item ends a sentence.
            let text = try Self.source(file).replacing(#/\n\.(Sh|Ss|Pp|It|El) ?/#, with: ". ")
                .replacing("\n", with: " ")
            for sentence in text.split(separator: ". ") where sentence.contains("by default") {
                for match in sentence.matches(of: #/(\d+) ?(MiB|GiB)/#) {
                    let size = try #require(ByteSize("\(match.1)\(match.2)")).bytes
                    #expect(sizes.contains(size), "\(file): \(sentence)")
                }
                for match in sentence.matches(of: #/(\d+) seconds/#) {
                    #expect(String(match.1) == help["--refresh"]?.defaultValue, "\(file): \(sentence)")
                }
            }
        }
    }
}
