package main

import (
	"fmt"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

// addIssuer puts a new issuing authority first and its responder last into the lists of ca.yaml. What people have written
// into the file stays as it is, comments too.
func addIssuer(path, issuing, responder string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", settingsFile, err)
	}
	var file yaml.Node
	if err := yaml.Unmarshal(text, &file); err != nil {
		return badSettings(err.Error(), err.Error())
	}
	authority := child(&file, "authority")
	list, responders := child(authority, "issuing"), child(authority, "responders")
	if list == nil || responders == nil {
		return badSettings("authority 没有 issuing 或 responders", "authority has no issuing or no responders")
	}
	if !holds(list, issuing) {
		list.Content = slices.Insert(list.Content, 0, &yaml.Node{Kind: yaml.ScalarNode, Value: issuing})
	}
	if !holds(responders, responder) {
		responders.Content = append(responders.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: responder})
	}
	changed, err := yaml.Marshal(&file)
	if err != nil {
		return fmt.Errorf("writing %s: %w", settingsFile, err)
	}
	return replaceFile(path, changed)
}

// child is the value of a key of a mapping, or of the document that holds one; nil if there is none.
func child(n *yaml.Node, name string) *yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		n = n.Content[0]
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

func holds(list *yaml.Node, value string) bool {
	return slices.ContainsFunc(list.Content, func(n *yaml.Node) bool { return n.Value == value })
}
