// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import javax.xml.parsers.SAXParser;
import org.xml.sax.InputSource;
import org.xml.sax.Parser;
import org.xml.sax.SAXException;
import org.xml.sax.SAXNotRecognizedException;
import org.xml.sax.SAXParseException;
import org.xml.sax.XMLReader;
import org.xml.sax.helpers.AttributesImpl;
import org.xml.sax.helpers.DefaultHandler;

/**
 * Reads component descriptions: XML 1.0 in UTF-8 with namespaces, without a document type. Elements, attributes, text, references
 * to characters and to the five predefined entities; comments and processing instructions are skipped.
 */
final class DescriptorParser extends SAXParser {
    private String text;
    private int position;
    private DefaultHandler handler;
    /** Prefix to name, the innermost element's first. */
    private final Deque<Map<String, String>> namespaces = new ArrayDeque<>();
    private final Deque<String> open = new ArrayDeque<>();

    @Override
    public void parse(InputSource source, DefaultHandler target) throws SAXException, IOException {
        text = new String(source.getByteStream().readAllBytes(), StandardCharsets.UTF_8);
        position = text.startsWith("\ufeff") ? 1 : 0;
        handler = target;
        namespaces.push(Map.of());
        handler.startDocument();
        while (position < text.length()) {
            if (text.charAt(position) == '<') {
                markup();
            } else {
                characters();
            }
        }
        if (!open.isEmpty()) {
            throw error("<" + open.peek() + "> has no end");
        }
        handler.endDocument();
    }

    private void markup() throws SAXException {
        if (text.startsWith("<!--", position)) {
            skipPast("-->");
        } else if (text.startsWith("<?", position)) {
            skipPast("?>");
        } else if (text.startsWith("<![CDATA[", position)) {
            int begin = position + "<![CDATA[".length();
            skipPast("]]>");
            handler.characters(text.toCharArray(), begin, position - "]]>".length() - begin);
        } else if (text.startsWith("</", position)) {
            position += 2;
            String name = name();
            skipSpace();
            expect('>');
            if (!name.equals(open.peek())) {
                throw error("</" + name + "> ends nothing");
            }
            end();
        } else if (text.startsWith("<!", position)) {
            throw error("a document type is not taken");
        } else {
            element();
        }
    }

    private void element() throws SAXException {
        position++;
        String name = name();
        Map<String, String> attributes = new HashMap<>();
        Map<String, String> scope = new HashMap<>(namespaces.peek());
        skipSpace();
        while (peek() != '>' && peek() != '/') {
            String attribute = name();
            skipSpace();
            expect('=');
            skipSpace();
            String value = quoted();
            if (attributes.put(attribute, value) != null) {
                throw error("attribute " + attribute + " twice");
            }
            if (attribute.equals("xmlns")) {
                scope.put("", value);
            } else if (attribute.startsWith("xmlns:")) {
                scope.put(attribute.substring("xmlns:".length()), value);
            }
            skipSpace();
        }
        boolean empty = peek() == '/';
        position += empty ? 1 : 0;
        expect('>');
        open.push(name);
        namespaces.push(scope);
        AttributesImpl list = new AttributesImpl();
        attributes.forEach((attribute, value) -> {
            if (!attribute.equals("xmlns") && !attribute.startsWith("xmlns:")) {
                String uri = attribute.indexOf(':') < 0 ? "" : scope.getOrDefault(prefix(attribute), "");
                list.addAttribute(uri, local(attribute), attribute, "CDATA", value);
            }
        });
        handler.startElement(scope.getOrDefault(prefix(name), ""), local(name), name, list);
        if (empty) {
            end();
        }
    }

    private void end() throws SAXException {
        String name = open.pop();
        handler.endElement(namespaces.pop().getOrDefault(prefix(name), ""), local(name), name);
    }

    private void characters() throws SAXException {
        int end = text.indexOf('<', position);
        end = end < 0 ? text.length() : end;
        char[] found = resolved(text.substring(position, end)).toCharArray();
        position = end;
        if (!open.isEmpty()) {
            handler.characters(found, 0, found.length);
        } else if (!new String(found).isBlank()) {
            throw error("text outside of the document's element");
        }
    }

    private String quoted() throws SAXException {
        char quote = peek();
        int end = text.indexOf(quote, position + 1);
        if (quote != '"' && quote != '\'' || end < 0) {
            throw error("an attribute's value is missing");
        }
        String value = text.substring(position + 1, end);
        position = end + 1;
        return resolved(value.replace('\n', ' ').replace('\t', ' ').replace('\r', ' '));
    }

    private String resolved(String raw) throws SAXException {
        int reference = raw.indexOf('&');
        if (reference < 0) {
            return raw.indexOf('\r') < 0 ? raw : raw.replace("\r\n", "\n").replace('\r', '\n');
        }
        StringBuilder found = new StringBuilder();
        int from = 0;
        while (reference >= 0) {
            int end = raw.indexOf(';', reference);
            if (end < 0) {
                throw error("a reference without its end");
            }
            found.append(raw, from, reference).append(character(raw.substring(reference + 1, end)));
            from = end + 1;
            reference = raw.indexOf('&', from);
        }
        return found.append(raw, from, raw.length()).toString();
    }

    private String character(String reference) throws SAXException {
        try {
            return switch (reference) {
                case "lt" -> "<";
                case "gt" -> ">";
                case "amp" -> "&";
                case "quot" -> "\"";
                case "apos" -> "'";
                case String hex when hex.startsWith("#x") -> Character.toString(Integer.parseInt(hex, 2, hex.length(), 16));
                case String decimal when decimal.startsWith("#") -> Character.toString(Integer.parseInt(decimal.substring(1)));
                default -> throw error("unknown entity " + reference);
            };
        } catch (IllegalArgumentException e) {
            throw error("no character: " + reference);
        }
    }

    private String name() throws SAXException {
        int begin = position;
        while (position < text.length() && " \t\r\n/>=<\"'&".indexOf(text.charAt(position)) < 0) {
            position++;
        }
        if (begin == position) {
            throw error("a name is missing");
        }
        return text.substring(begin, position);
    }

    private static String prefix(String name) {
        int colon = name.indexOf(':');
        return colon < 0 ? "" : name.substring(0, colon);
    }

    private static String local(String name) {
        return name.substring(name.indexOf(':') + 1);
    }

    private void skipSpace() {
        while (position < text.length() && text.charAt(position) <= ' ') {
            position++;
        }
    }

    private void skipPast(String end) throws SAXException {
        int at = text.indexOf(end, position);
        if (at < 0) {
            throw error(end + " is missing");
        }
        position = at + end.length();
    }

    private char peek() throws SAXException {
        if (position >= text.length()) {
            throw error("the text ends too early");
        }
        return text.charAt(position);
    }

    private void expect(char c) throws SAXException {
        if (peek() != c) {
            throw error(c + " is missing");
        }
        position++;
    }

    private SAXParseException error(String problem) {
        int line = 1 + (int) text.substring(0, Math.min(position, text.length())).chars().filter(c -> c == '\n').count();
        return new SAXParseException(problem + " (line " + line + ")", null);
    }

    @Override
    public boolean isNamespaceAware() {
        return true;
    }

    @Override
    public boolean isValidating() {
        return false;
    }

    /** There is no {@code org.xml.sax.Parser} behind it. */
    @Override
    @SuppressWarnings("deprecation")
    public Parser getParser() throws SAXException {
        throw new SAXException("not supported: org.xml.sax.Parser");
    }

    @Override
    public XMLReader getXMLReader() throws SAXException {
        throw new SAXException("not supported: org.xml.sax.XMLReader");
    }

    @Override
    public void setProperty(String name, Object value) throws SAXNotRecognizedException {
        throw new SAXNotRecognizedException(name);
    }

    @Override
    public Object getProperty(String name) throws SAXNotRecognizedException {
        throw new SAXNotRecognizedException(name);
    }
}
