import TestSupport
import Testing

@Suite("Imports", .orderly)
struct ImportTests {
    @Test("each module imports only modules that Package.swift declares before it")
    func order() throws {
        let modules = try ModuleList()
        #expect(modules.names.count > 10 && modules.names.contains("FileTree"))
        #expect(modules.upwardImports == [])
        #expect(modules.undeclared == [])
    }

    @Test("no module imports what it mustn't know of, but for exceptions that are needed")
    func rules() throws {
        #expect(ImportRules.ofThisPackage.violations(try ModuleList().allImports) == [])
    }

    @Test("the simulator imports nothing of what it is a double for")
    func simulator() throws {
        let imports = try ModuleList().imports
        #expect(imports["TwilioSimulator"]?.subtracting(["Support", "COpenSSL"]) == [])
        #expect(imports["twilio-simulator"]?.subtracting(["TwilioSimulator", "CLinux"]) == [])
        #expect(imports["Support"] == [])
    }
}
