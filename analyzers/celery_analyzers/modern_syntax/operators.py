"""What `ast` calls the operators of a LibCST tree. One node of each is enough: they have no place of their own."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import libcst as cst

UNARY: Mapping[type[cst.BaseUnaryOp], ast.unaryop] = {
    cst.BitInvert: ast.Invert(),
    cst.Minus: ast.USub(),
    cst.Not: ast.Not(),
    cst.Plus: ast.UAdd(),
}
BOOLEAN: Mapping[type[cst.BaseBooleanOp], ast.boolop] = {cst.And: ast.And(), cst.Or: ast.Or()}
COMPARISON: Mapping[type[cst.BaseCompOp], ast.cmpop] = {
    cst.Equal: ast.Eq(),
    cst.GreaterThan: ast.Gt(),
    cst.GreaterThanEqual: ast.GtE(),
    cst.In: ast.In(),
    cst.Is: ast.Is(),
    cst.IsNot: ast.IsNot(),
    cst.LessThan: ast.Lt(),
    cst.LessThanEqual: ast.LtE(),
    cst.NotEqual: ast.NotEq(),
    cst.NotIn: ast.NotIn(),
}
BINARY: Mapping[type[cst.BaseBinaryOp], ast.operator] = {
    cst.Add: ast.Add(),
    cst.BitAnd: ast.BitAnd(),
    cst.BitOr: ast.BitOr(),
    cst.BitXor: ast.BitXor(),
    cst.Divide: ast.Div(),
    cst.FloorDivide: ast.FloorDiv(),
    cst.LeftShift: ast.LShift(),
    cst.MatrixMultiply: ast.MatMult(),
    cst.Modulo: ast.Mod(),
    cst.Multiply: ast.Mult(),
    cst.Power: ast.Pow(),
    cst.RightShift: ast.RShift(),
    cst.Subtract: ast.Sub(),
}
AUGMENTED: Mapping[type[cst.BaseAugOp], ast.operator] = {
    cst.AddAssign: BINARY[cst.Add],
    cst.BitAndAssign: BINARY[cst.BitAnd],
    cst.BitOrAssign: BINARY[cst.BitOr],
    cst.BitXorAssign: BINARY[cst.BitXor],
    cst.DivideAssign: BINARY[cst.Divide],
    cst.FloorDivideAssign: BINARY[cst.FloorDivide],
    cst.LeftShiftAssign: BINARY[cst.LeftShift],
    cst.MatrixMultiplyAssign: BINARY[cst.MatrixMultiply],
    cst.ModuloAssign: BINARY[cst.Modulo],
    cst.MultiplyAssign: BINARY[cst.Multiply],
    cst.PowerAssign: BINARY[cst.Power],
    cst.RightShiftAssign: BINARY[cst.RightShift],
    cst.SubtractAssign: BINARY[cst.Subtract],
}
