import Foundation
import Testing

@testable import TwilioAPI

@Suite("The elements of an array within a JSON text")
struct JSONSlicesTests {
    private struct Sample: Decodable {
        let text: String
        let key: String
        let elements: [String]?
    }

    @Test("each element is found byte for byte, however the text is laid out", arguments: 1...8)
    func fuzz(seed: Int) throws {
        // Python joins the texts of the elements itself, so it knows exactly what has to be found.
        let samples: [Sample] = try python(
            """
            import json, random
            random.seed(\(seed))
            ALPHABET = ['a', 'recordings', '"', '\\\\', '{', '}', '[', ']', ',', ':', ' ', '\\n', 'é', '😀', '\\u0000', '/']
            def text():
                return ''.join(random.choice(ALPHABET) for _ in range(random.randrange(8)))
            def value(depth):
                kind = random.randrange(9 if depth else 7)
                if kind == 0: return None
                if kind == 1: return random.random() < .5
                if kind == 2: return random.randint(-10**18, 10**18)
                if kind == 3: return random.uniform(-1e9, 1e9)
                if kind <= 6: return text()
                if kind == 7: return [value(depth - 1) for _ in range(random.randrange(4))]
                return {text(): value(depth - 1) for _ in range(random.randrange(4))}
            def dump(v):
                return json.dumps(v, indent=random.choice([None, None, 0, 2]), ensure_ascii=random.random() < .5,
                                  separators=random.choice([(',', ':'), (', ', ': '), (' ,\\t', ' :\\r\\n')]))
            def space():
                return random.choice(['', '', ' ', '\\n  ', '\\t', '\\r\\n'])
            samples = []
            for _ in range(150):
                elements = [dump(value(3)) for _ in range(random.randrange(6))]
                array = '[' + space() + (space() + ',' + space()).join(elements) + space() + ']'
                members = [(dump('k' + text()), dump(value(3))) for _ in range(random.randrange(4))]
                missing = random.random() < .1
                if not missing: members.insert(random.randrange(len(members) + 1), ('"recordings"', array))
                if random.random() < .3: members.insert(0, ('"meta"', '{"recordings":[1,2],"key":"recordings"}'))
                body = ','.join(space() + k + space() + ':' + space() + v + space() for k, v in members)
                whole = space() + '{' + body + (space() if not members else '') + '}' + space()
                json.loads(whole)
                samples.append({'text': whole, 'key': 'recordings', 'elements': None if missing else elements})
            print(json.dumps(samples))
            """)
        #expect(samples.count == 150)
        for sample in samples {
            let text = Array(sample.text.utf8)
            let found = JSONSlices.elements(ofArray: sample.key, in: text)
            let slices = found?.map { String(decoding: text[$0], as: UTF8.self) }
            #expect(slices?.map { Array($0.utf8) } == sample.elements?.map { Array($0.utf8) }, "\(sample.text)")
        }
    }

    @Test("a text that was cut off has no array, wherever it was cut")
    func cutOff() {
        let text = Array(#"{"a":[{"b":"\"]"},[1]],"recordings":[{"x":"}\\"}, [ 1 ,"]"], null ,-1.5e3]}"#.utf8)
        let end = text.count - 1
        #expect(JSONSlices.elements(ofArray: "recordings", in: text)?.count == 4)
        for count in 0..<end {
            #expect(JSONSlices.elements(ofArray: "recordings", in: Array(text[..<count])) == nil, "\(count)")
        }
    }

    @Test(
        "a value that isn't an array, or stands deeper, isn't one",
        arguments: [
            #"{"recordings":null}"#, #"{"recordings":{"recordings":[1]}}"#, #"{"recordings":"[1]"}"#,
            #"{"meta":{"recordings":[1]}}"#, #"[{"recordings":[1]}]"#, #""recordings""#, "", "{}", "[]", "null",
            #"{"a":"recordings","b":[1]}"#, #"{"recording":[1],"recordingss":[1]}"#,
        ])
    func noArray(text: String) {
        #expect(JSONSlices.elements(ofArray: "recordings", in: Array(text.utf8)) == nil)
    }
}
