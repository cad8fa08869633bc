import TestSupport
import Testing

@Suite("Imports", .orderly)
struct ImportTests {
    /// Read once: it takes some tenths of a second.
    private static let package = Result { try ModuleList() }

    @Test("Each module imports only modules that Package.swift declares before it")
    func order() throws {
        let modules = try Self.package.get()
        #expect(modules.upwardImports == [])
        #expect(modules.undeclared == [])
        // Something was read.
        #expect(modules.imports["FileTree"]?.contains("Catalog") == true)
        #expect(modules.names.first == "CFUSE" && modules.names.contains("twiliofs"))
    }

    @Test("No module imports one that it mustn't know of")
    func rules() throws {
        #expect(ImportRules.package.violations(try Self.package.get().imports) == [])
    }

    @Test(
        "The lowest module imports none of the others, and monitoring and the simulator only that one",
        arguments: [
            ("Support", ["CLinux"]), ("Monitoring", ["Support"]), ("TwilioSimulator", ["COpenSSL", "Support"]),
            ("twilio-simulator", ["CLinux", "TwilioSimulator"]),
        ] as [(String, Set<String>)])
    func independence(module: String, allowed: Set<String>) throws {
        let modules = try Self.package.get()
        let imports = try #require(modules.imports[module])
        #expect(imports.intersection(modules.names).isSubset(of: allowed))
    }

    private static let manifest = """
        .systemLibrary(name: "CLibrary", pkgConfig: "library"),
        module("Low", []),
        module(
            "Middle",
            ["Low"]),
        module("High", ["Low", "Middle"]),
        .executableTarget(
            name: "the-command", dependencies: ["High"]),
        .executableTarget(name: "elsewhere", path: "Tests/Elsewhere"),
        """

    @Test(
        "An import that points upward is found, however it is written",
        arguments: [
            "import High", "public import High", "@testable import High", "@_spi(Some) private import High",
            "    import struct High.Thing", "import Low\nimport High",
        ])
    func upward(text: String) {
        let modules = ModuleList(
            manifest: Self.manifest,
            files: [
                "CLibrary": [], "Low": ["import CLibrary"], "Middle": ["import Low", text],
                "High": ["import Middle\nimport Foundation"], "the-command": ["import High"], "Stray": [],
            ])
        #expect(modules.names == ["CLibrary", "Low", "Middle", "High", "the-command"])
        #expect(modules.upwardImports == ["Middle imports High"])
        #expect(modules.undeclared == ["Stray"])
    }

    @Test("A forbidden import is found")
    func forbidden() {
        let imports: [String: Set<String>] = ["High": ["Low", "Middle"], "Low": ["Foundation"]]
        for (forbidden, expected) in [
            ([:], []),
            (["High": ["Low"]], ["High imports Low"]),
            (["High": ["CLibrary"], "Later": ["Low"]], []),
        ] as [([String: Set<String>], [String])] {
            #expect(ImportRules(forbidden: forbidden).violations(imports) == expected)
        }
    }
}
