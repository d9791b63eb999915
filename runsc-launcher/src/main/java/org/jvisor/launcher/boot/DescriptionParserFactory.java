// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import javax.xml.parsers.SAXParser;
import javax.xml.parsers.SAXParserFactory;
import org.xml.sax.SAXNotRecognizedException;

/**
 * The parser for component descriptions. The service component runtime asks for a new one for each description, and the Java
 * runtime's costs a millisecond to make, a hundred times what a recorded one takes to read.
 */
public final class DescriptionParserFactory extends SAXParserFactory {

    @Override
    public SAXParser newSAXParser() {
        return new DescriptionParser();
    }

    @Override
    public void setFeature(String name, boolean value) throws SAXNotRecognizedException {
        throw new SAXNotRecognizedException(name);
    }

    @Override
    public boolean getFeature(String name) throws SAXNotRecognizedException {
        throw new SAXNotRecognizedException(name);
    }
}
