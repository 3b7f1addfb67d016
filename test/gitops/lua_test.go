// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// runLua runs a script with an object as Argo CD does: with the libraries that its sandbox has,
// and the object as the global obj. It returns the table that the script returns.
func runLua(ctx context.Context, script string, object map[string]any) (*lua.LTable, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	state.SetContext(ctx)
	for name, open := range map[string]lua.LGFunction{
		lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable, lua.StringLibName: lua.OpenString,
		lua.MathLibName: lua.OpenMath, lua.OsLibName: openSafeOS,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return nil, fmt.Errorf("opening library %q: %w", name, err)
		}
	}
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	table, isTable := state.Get(-1).(*lua.LTable)
	if !isTable {
		return nil, errors.New("the script returns no table")
	}
	return table, nil
}

// openSafeOS opens the library os with only the functions that the sandbox has.
func openSafeOS(state *lua.LState) int {
	lua.OpenOs(state)
	all := state.CheckTable(-1)
	var unsafe []string
	all.ForEach(func(name, _ lua.LValue) {
		if name.String() != "time" && name.String() != "date" {
			unsafe = append(unsafe, name.String())
		}
	})
	for _, name := range unsafe {
		all.RawSetString(name, lua.LNil)
	}
	return 1
}

// toLua converts what sigs.k8s.io/yaml reads.
func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		list := state.NewTable()
		for _, item := range value {
			list.Append(toLua(state, item))
		}
		return list
	case map[string]any:
		table := state.NewTable()
		for key, item := range value {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	}
	return lua.LNil
}

// fromLua converts a value back. Lua does not tell an empty list from an empty map. So, as Argo CD
// does, an empty table is what the original was.
func fromLua(value lua.LValue, original any) any {
	switch value := value.(type) {
	case lua.LBool:
		return bool(value)
	case lua.LNumber:
		if whole := int64(value); lua.LNumber(whole) == value {
			return whole
		}
		return float64(value)
	case lua.LString:
		return string(value)
	case *lua.LTable:
		if first, _ := value.Next(lua.LNil); first == lua.LNil {
			if _, wasMap := original.(map[string]any); wasMap {
				return map[string]any{}
			}
			return []any{}
		}
		if value.Len() > 0 {
			return listFromLua(value, original)
		}
		before, _ := original.(map[string]any)
		fields := map[string]any{}
		value.ForEach(func(key, item lua.LValue) { fields[key.String()] = fromLua(item, before[key.String()]) })
		return fields
	}
	return nil
}

func listFromLua(table *lua.LTable, original any) []any {
	before, _ := original.([]any)
	list := make([]any, table.Len())
	table.ForEach(func(key, item lua.LValue) {
		index, err := strconv.Atoi(key.String())
		if err != nil {
			return
		}
		var old any
		if index <= len(before) {
			old = before[index-1]
		}
		list[index-1] = fromLua(item, old)
	})
	return list
}
